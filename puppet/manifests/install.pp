# @summary Installs the package, from a repository or a file.
#
# @api private
class falco::install {
  # The container's unit, of before, has the name of the package's and goes before it.
  exec { 'falco: stop the container':
    command => 'systemctl disable --now falco.service',
    onlyif  => 'test -e /etc/systemd/system/falco.service',
    path    => ['/usr/bin', '/bin'],
  }
  -> file { '/etc/systemd/system/falco.service':
    ensure => absent,
  }
  ~> exec { 'falco: forget the unit of the container':
    command     => 'systemctl daemon-reload',
    path        => ['/usr/bin', '/bin'],
    refreshonly => true,
  }
  -> Package['falco']

  if $falco::repository {
    contain falco::repository
    Class['falco::repository'] -> Package['falco']
  }

  # apt, dnf and yum take a file as a source and fetch what it depends on.
  package { 'falco':
    ensure => $falco::package_ensure,
    name   => $falco::package_name,
    source => $falco::package_source,
  }
}
