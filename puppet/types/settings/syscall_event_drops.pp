# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary What happens when system calls were lost between kernel and Falco.
#
# * `actions`: what to do about drops; an empty list ignores them
# * `rate`: actions per second that are gained
# * `max_burst`: actions that can be saved up
# * `simulate_drops`: for tests: act as if one event were lost every second
type Falco::Settings::Syscall_event_drops = Struct[
  {
    Optional['actions'] => Array[Enum['ignore', 'log', 'alert', 'exit']],
    Optional['rate'] => Variant[Integer[0], Float[0.0]],
    Optional['max_burst'] => Variant[Integer[0], Float[0.0]],
    Optional['simulate_drops'] => Boolean,
  }
]
