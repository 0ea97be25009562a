# @summary Installs the package, from a repository or a file.
#
# @api private
class falco::install {
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
