# @summary The systemd unit that runs the container.
#
# @api private
class falco::container {
  $from = $falco::config_directory
  $configuration = ['falco.yaml', 'falco_rules.local.yaml', 'rules.d', 'secrets'].map |$name| {
    ['--volume', "${from}/${name}:/etc/falco/${name}:ro"]
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
  }
}
