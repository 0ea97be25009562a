# @summary Adds a repository of packages.
#
# @api private
class falco::repository {
  $repository = $falco::repository
  $values = {
    'url'        => $repository['url'],
    'suite'      => $repository['suite'].lest || { './' },
    'components' => $repository['components'].lest || { [] },
    'signed'     => $repository['key'] =~ NotUndef,
  }

  if $facts['os']['family'] == 'Debian' {
    $key = '/etc/apt/keyrings/falco.asc'
    file { '/etc/apt/sources.list.d/falco.list':
      ensure  => file,
      mode    => '0644',
      content => epp('falco/falco.list.epp', $values),
    }
    exec { 'falco: read the lists of packages':
      command     => 'apt-get update',
      path        => ['/usr/bin', '/bin'],
      refreshonly => true,
      subscribe   => File['/etc/apt/sources.list.d/falco.list'],
    }
  } else {
    $key = '/etc/pki/rpm-gpg/RPM-GPG-KEY-falco'
    file { '/etc/yum.repos.d/falco.repo':
      ensure  => file,
      mode    => '0644',
      content => epp('falco/falco.repo.epp', $values),
    }
  }

  if $repository['key'] {
    file { $key:
      ensure => file,
      source => $repository['key'],
      mode   => '0644',
      before => File[
        $facts['os']['family'] ? {
          'Debian' => '/etc/apt/sources.list.d/falco.list',
          default  => '/etc/yum.repos.d/falco.repo',
        }
      ],
    }
    if $facts['os']['family'] == 'Debian' {
      file { '/etc/apt/keyrings':
        ensure => directory,
        mode   => '0755',
      }
    }
  }
}
