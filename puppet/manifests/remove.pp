# @summary Removes Falco without a trace: what the module wrote, what Falco wrote, and how it came here.
#
# @api private
class falco::remove {
  $services = $falco::form ? {
    'package' => ['falco'] + falco::destinations().map |$name| { "falco-forwarder@${name}" },
    default   => ['falco'],
  }
  service { $services:
    ensure => 'stopped',
    enable => false,
  }

  $common = [$falco::config_directory]
  if $falco::form == 'package' {
    package { 'falco':
      ensure  => 'purged',
      name    => $falco::package_name,
      require => Service[$services],
    }
    $written = $common + [
      '/etc/logrotate.d/falco',
      '/etc/systemd/system/falco.service.d',
      '/etc/apt/sources.list.d/falco.list',
      '/etc/apt/keyrings/falco.asc',
      '/etc/yum.repos.d/falco.repo',
      '/etc/pki/rpm-gpg/RPM-GPG-KEY-falco',
      '/var/cache/falco',
      '/var/lib/falco',
      '/var/log/falco',
    ]
    $last = Package['falco']
  } else {
    # Volumes of other names, which run_arguments may have, are whoever's who named them.
    exec { 'falco: remove the container and its volumes':
      command  => 'docker rm --force falco; docker volume rm --force falco-cache falco-lib',
      onlyif   => 'docker container inspect falco || docker volume inspect falco-cache || docker volume inspect falco-lib',
      path     => ['/usr/bin', '/bin'],
      provider => 'shell',
      require  => Service[$services],
    }
    # An image that another container was made of stays.
    exec { 'falco: remove the image':
      command  => "docker image rm ${falco::image}",
      onlyif   => "docker image inspect ${falco::image} && test -z \"$(docker ps --all --quiet --filter ancestor=${falco::image})\"",
      path     => ['/usr/bin', '/bin'],
      provider => 'shell',
      require  => Exec['falco: remove the container and its volumes'],
    }
    $written = $common + ['/etc/systemd/system/falco.service']
    $last = Exec['falco: remove the image']
  }

  file { $written:
    ensure  => 'absent',
    force   => true,
    # Puppet would keep a copy of what it removes, secrets included.
    backup  => false,
    require => $last,
  }
}
