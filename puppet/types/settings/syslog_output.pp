# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Alerts to syslog.
#
# * `enabled`: send alerts to syslog
type Falco::Settings::Syslog_output = Struct[
  {
    Optional['enabled'] => Boolean,
  }
]
