# @summary Settings over others: sections are merged key by key, everything else is replaced.
#
# @param below
#   The settings that hold where the others say nothing.
# @param above
#   The settings that go before them.
#
# @return [Falco::Settings] the settings of both
function falco::merged(Falco::Settings $below, Falco::Settings $above) >> Falco::Settings {
  $sections = $above.map |$name, $value| {
    if $value =~ Hash and $below[$name] =~ Hash {
      [$name, $below[$name] + $value]
    } else {
      [$name, $value]
    }
  }
  $below + Hash($sections)
}
