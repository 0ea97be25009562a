# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Alerts to standard error; 0.15 has no such output.
#
# * `enabled`: print alerts on standard error
type Falco::Settings::Stderr_output = Struct[
  {
    Optional['enabled'] => Boolean,
  }
]
