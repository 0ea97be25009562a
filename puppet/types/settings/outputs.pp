# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary What holds for all outputs of this process: the token bucket that limits alerts, and their queues.
#
# * `rate`: alerts per second that are gained
# * `max_burst`: alerts that can be saved up
# * `queue_capacity`: alerts that may wait for each output
# * `delivery_timeout`: seconds without progress after which a waiting replay gives up
type Falco::Settings::Outputs = Struct[
  {
    Optional['rate'] => Variant[Integer[0], Float[0.0]],
    Optional['max_burst'] => Integer[0],
    Optional['queue_capacity'] => Integer[0],
    Optional['delivery_timeout'] => Variant[Integer[0], Float[0.0]],
  }
]
