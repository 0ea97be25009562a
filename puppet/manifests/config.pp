# @summary Writes falco.yaml, secrets and rules.
#
# @api private
class falco::config {
  $directory = $falco::config_directory
  $package = $falco::form == 'package'
  $check = $package and $falco::check_configuration

  # In the container all lies in /etc/falco, wherever it is on the host.
  $settings = falco::with_secrets($falco::settings, $falco::secrets, '/etc/falco/secrets')
  $written = $package ? {
    true    => falco::merged(falco::defaults(), $settings),
    default => $settings,
  }

  $check_command = $check ? {
    true    => '/usr/bin/falco config -c %',
    default => undef,
  }

  file {
    default:
      ensure => directory,
      owner  => 'root',
      group  => 'root',
      ;
    $directory:
      mode => '0755',
      ;
    "${directory}/rules.d":
      mode    => '0755',
      recurse => $falco::purge_rules,
      purge   => $falco::purge_rules,
      ;
    "${directory}/secrets":
      mode    => '0700',
      recurse => true,
      purge   => true,
      force   => true,
      backup  => false,
      ;
  }

  file { "${directory}/falco.yaml":
    ensure       => file,
    owner        => 'root',
    group        => 'root',
    mode         => '0600',
    content      => "# Managed by Puppet.\n${falco::yaml($written)}",
    validate_cmd => $check_command,
  }

  $falco::secrets.unwrap.each |$forwarder, $secrets| {
    $secrets.each |$name, $secret| {
      file { "${directory}/secrets/${forwarder}.${name}":
        ensure    => file,
        owner     => 'root',
        group     => 'root',
        mode      => '0600',
        content   => Sensitive($secret),
        show_diff => false,
        # Puppet would keep what it replaces.
        backup    => false,
      }
    }
  }

  # A container gets this file from the host, so it has to be there.
  $local_rules = $falco::local_rules ? {
    undef   => $package ? { true => undef, default => [] },
    default => $falco::local_rules,
  }
  if $local_rules =~ NotUndef {
    falco::rules_file { 'falco_rules.local':
      rules => $local_rules,
      path  => "${directory}/falco_rules.local.yaml",
      check => $check,
    }
  }

  $falco::rules.each |$name, $rules| {
    falco::rules_file { $name:
      rules => $rules,
      path  => "${directory}/rules.d/${name}.yaml",
      check => $check,
    }
  }

  if $package {
    contain falco::output_file
  }
}
