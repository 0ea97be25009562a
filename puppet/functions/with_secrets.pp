# @summary Settings in which forwarders name the files of their secrets.
#
# @param settings
#   The settings.
# @param secrets
#   The secrets.
# @param directory
#   Where Falco will find their files.
#
# @return [Falco::Settings] the settings, with `NAME_file` for each secret
function falco::with_secrets(
  Falco::Settings $settings,
  Sensitive[Falco::Secrets] $secrets,
  Falco::Path $directory,
) >> Falco::Settings {
  $forwarders = $settings['forwarders'].lest || { {} }
  $named = $secrets.unwrap.map |$forwarder, $values| {
    $own = $forwarders[$forwarder].lest || { {} }
    $files = $values.map |$name, $_secret| {
      if "${name}_file" in $own {
        fail("falco: forwarder ${forwarder} has both the secret ${name} and ${name}_file")
      }
      ["${name}_file", "${directory}/${forwarder}.${name}"]
    }
    [$forwarder, $own + Hash($files)]
  }
  if $named.empty {
    $settings
  } else {
    $settings + { 'forwarders' => $forwarders + Hash($named) }
  }
}
