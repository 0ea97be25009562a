# @summary A repository of packages.
#
# * `url`: where it is
# * `key`: the key that signs it: where Puppet finds the file (a source), OpenPGP in ASCII for RedHat, binary or ASCII for Debian
# * `suite`, `components`: Debian only; a suite that ends in `/` has no components
type Falco::Repository = Struct[
  {
    'url'                  => Pattern[/\A(https?|file):[^\s\]]+\z/],
    Optional['key']        => String[1],
    Optional['suite']      => Pattern[/\A\S+\z/],
    Optional['components'] => Array[Pattern[/\A\S+\z/]],
  }
]
