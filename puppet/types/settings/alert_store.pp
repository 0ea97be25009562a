# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary The alerts kept on disk, for `falco alerts` and for the forwarders. 0.15 has no such thing.
#
# * `enabled`: keep alerts; auto: in live runs, not with -e
# * `path`: the database; its directory is made if it is missing
# * `keep_days`: days after which an alert is removed; 0: never
# * `max_size_mb`: size (MB) over which the oldest alerts that nobody waits for are removed
# * `hard_limit_mb`: size (MB) over which the oldest are removed even if one waits for them
type Falco::Settings::Alert_store = Struct[
  {
    Optional['enabled'] => Variant[Boolean, Enum['auto', 'true', 'false']],
    Optional['path'] => String,
    Optional['keep_days'] => Variant[Integer[0], Float[0.0]],
    Optional['max_size_mb'] => Integer[0],
    Optional['hard_limit_mb'] => Integer[0],
  }
]
