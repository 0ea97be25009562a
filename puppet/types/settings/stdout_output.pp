# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Alerts to standard output.
#
# * `enabled`: print alerts on standard output
type Falco::Settings::Stdout_output = Struct[
  {
    Optional['enabled'] => Boolean,
  }
]
