# @summary Watches a host with Falco: installs it, configures it, keeps it running, or removes it without a trace.
#
# @example As Falco comes
#   include falco
#
# @example Alerts as JSON, to a webhook whose URL is a secret
#   class { 'falco':
#     settings => {
#       'json_output' => true,
#       'forwarders'  => { 'webhook' => { 'enabled' => true } },
#     },
#     secrets  => Sensitive({ 'webhook' => { 'url' => 'https://alerts.example.org/T0K3N' } }),
#   }
#
# @example In a container with as few privileges as it can do with
#   class { 'falco':
#     form          => 'container',
#     image         => 'registry.example.org/falco:0.15.0',
#     run_arguments => 'least',
#   }
#
# @example Without a trace
#   class { 'falco':
#     ensure => absent,
#   }
#
# @param ensure
#   `absent` removes the package or the container with its image, the configuration, the stored alerts and the probe.
# @param form
#   How Falco runs: as a package, or as a container by a systemd unit that runs docker. What ran in the other form of
#   before is stopped; the package is removed.
# @param settings
#   What falco.yaml says, in the same shape. What is not given is as the package's falco.yaml has it, or in a container
#   as the image has it; sections are merged.
# @param secrets
#   Secrets of forwarders. Each is written to a file for root alone, and the forwarder's setting `NAME_file` names it.
#   From Hiera they come as plain hashes: the module's own data make them Sensitive.
# @param local_rules
#   falco_rules.local.yaml. Not managed unless given, in the package form.
# @param rules
#   Files of rules.d: name (without `.yaml`) to content.
# @param purge_rules
#   Whether files in rules.d that Puppet does not manage are removed.
# @param check_configuration
#   Whether falco.yaml and rules files have to pass Falco's own checks before they replace what is there; package form
#   only. Rules are checked one file at a time, after falco_rules.yaml: where one file needs another, say false.
# @param package_name
#   Name of the package.
# @param package_ensure
#   `installed`, `latest` or a version.
# @param package_source
#   A .deb or .rpm on the host to install from, instead of a repository.
# @param repository
#   A repository to add. Without it the package must be in one that the host knows already.
# @param image
#   The container image.
# @param run_arguments
#   Arguments of `docker run`, besides name, configuration and image: a set of the module's own by its name, or words.
#   `privileged` may do anything; `least` has the capabilities SYS_ADMIN, SYS_PTRACE and DAC_READ_SEARCH only, and a root
#   that cannot be written.
# @param config_directory
#   Where the configuration lies on the host. Another one than /etc/falco in the container form only.
# @param service_ensure
#   Whether Falco runs.
# @param service_enable
#   Whether Falco is started at boot.
# @param rotation
#   How the file of `file_output` is rotated. Its path must be absolute for that; in the container form it is not rotated.
class falco (
  Enum['present', 'absent']                         $ensure              = 'present',
  Enum['package', 'container']                      $form                = 'package',
  Falco::Settings                                   $settings            = {},
  Sensitive[Falco::Secrets]                         $secrets             = Sensitive({}),
  Optional[Falco::Rules]                            $local_rules         = undef,
  Hash[Falco::Rules_name, Falco::Rules]             $rules               = {},
  Boolean                                           $purge_rules         = false,
  Boolean                                           $check_configuration = true,
  String[1]                                         $package_name        = 'falco',
  String[1]                                         $package_ensure      = 'installed',
  Optional[Falco::Path]                             $package_source      = undef,
  Optional[Falco::Repository]                       $repository          = undef,
  Pattern[/\A[A-Za-z0-9][A-Za-z0-9._\/:@-]*\z/]     $image               = 'falco:latest',
  Variant[Enum['privileged', 'least'], Array[Falco::Argument]] $run_arguments = 'privileged',
  Falco::Path                                       $config_directory    = '/etc/falco',
  Enum['running', 'stopped']                        $service_ensure      = 'running',
  Boolean                                           $service_enable      = true,
  Falco::Rotation                                   $rotation            = {},
) {
  unless $facts['os']['family'] in ['Debian', 'RedHat'] {
    fail("falco: ${facts['os']['family']} is none of the families Debian and RedHat")
  }
  if $form == 'package' and $config_directory != '/etc/falco' {
    fail('falco: the package reads /etc/falco; config_directory is for the container form')
  }

  if $ensure == 'absent' {
    contain falco::remove
  } else {
    if $form == 'package' {
      contain falco::install
      Class['falco::install'] -> Class['falco::config']
    } else {
      contain falco::container
      # A package that goes takes an empty rules.d along.
      Class['falco::container'] -> Class['falco::config']
      Class['falco::container'] ~> Class['falco::service']
    }
    contain falco::config
    contain falco::service
    Class['falco::config'] ~> Class['falco::service']
  }
}
