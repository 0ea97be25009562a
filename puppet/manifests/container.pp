# @summary The systemd unit that runs the container.
#
# @api private
class falco::container {
  $from = $falco::config_directory
  $configuration = ['falco.yaml', 'falco_rules.local.yaml', 'rules.d', 'secrets'].map |$name| {
    ['--volume', "${from}/${name}:/etc/falco/${name}:ro"]
  }

  # The package, of before, goes with its forwarders; its unit would have the name of this one.
  package { 'falco':
    ensure => 'absent',
    name   => $falco::package_name,
  }
  -> file { ['/etc/systemd/system/falco.service.d/output.conf', '/etc/logrotate.d/falco']:
    ensure => absent,
  }

  file { '/etc/systemd/system/falco.service':
    ensure  => file,
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    content => epp('falco/falco.service.epp', {
        'arguments' => falco::run_arguments($falco::run_arguments) + $configuration.flatten,
        'image'     => $falco::image,
    }),
    require => Package['falco'],
  }
}
