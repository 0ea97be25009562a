# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Alerts to a program, one run for each, on its standard input.
#
# * `enabled`: keep alerts in the store until this destination has them
# * `min_priority`: least severe alerts to send
# * `rules`: send alerts of these rules only; * stands for any text
# * `tags`: send alerts of rules with one of these tags only
# * `refusals`: definite refusals after which an alert is put aside as a dead letter
# * `max_dead_letters`: dead letters kept; beyond, alerts wait in the store
# * `timeout`: seconds to wait for an answer
# * `max_backoff`: longest pause (seconds) between two tries
# * `program`: the command, run by the shell
# * `format`: json, or the text of the alert
# * `keep_capabilities`: let the program have what the unit or the container may do; otherwise it has no capability
type Falco::Settings::Forwarders::Program = Struct[
  {
    Optional['enabled'] => Boolean,
    Optional['min_priority'] => Falco::Priority,
    Optional['rules'] => Variant[String[1], Array[String[1]]],
    Optional['tags'] => Variant[String[1], Array[String[1]]],
    Optional['refusals'] => Integer[0],
    Optional['max_dead_letters'] => Integer[0],
    Optional['timeout'] => Variant[Integer[0], Float[0.0]],
    Optional['max_backoff'] => Variant[Integer[0], Float[0.0]],
    Optional['program'] => String,
    Optional['format'] => Enum['json', 'text'],
    Optional['keep_capabilities'] => Boolean,
  }
]
