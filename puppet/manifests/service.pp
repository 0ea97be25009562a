# @summary Keeps Falco and, in the package form, its forwarders running. In a container they run beside it.
#
# @api private
class falco::service {
  service { 'falco':
    ensure => $falco::service_ensure,
    enable => $falco::service_enable,
  }

  if $falco::form == 'package' {
    $forwarders = $falco::settings['forwarders'].lest || { {} }
    falco::destinations().each |$name| {
      $enabled = $forwarders[$name] =~ NotUndef and $forwarders[$name]['enabled'] == true
      $state = $enabled ? {
        true    => $falco::service_ensure,
        default => 'stopped',
      }
      service { "falco-forwarder@${name}":
        ensure => $state,
        enable => $enabled and $falco::service_enable,
      }
    }
  }
}
