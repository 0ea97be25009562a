# No trace of the package form is left: no package, no configuration, no alerts.
class { 'falco':
  ensure => absent,
}
