# @summary Lets Falco write the file of `file_output`, and rotates it; package form only.
#
# @api private
class falco::output_file {
  $output = $falco::settings['file_output'].lest || { {} }
  $own = $output['enabled'] and $output['filename'] =~ Falco::Path
  # The unit of the package may write this directory, and the package rotates what is in it.
  $elsewhere = $own and $output['filename'] !~ /\A\/var\/log\/falco\//
  $rotated = '/var/log/falco/*.log'
  $files = ($own and ($elsewhere or $output['filename'] !~ /\.log\z/)) ? {
    true    => [$rotated, $output['filename']],
    default => [$rotated],
  }

  file { '/etc/logrotate.d/falco':
    ensure  => file,
    owner   => 'root',
    group   => 'root',
    mode    => '0644',
    content => epp('falco/logrotate.epp', { 'files' => $files, 'rotation' => $falco::rotation }),
  }

  $drop_in = '/etc/systemd/system/falco.service.d'
  if $elsewhere {
    $directory = $output['filename'].regsubst('/[^/]*\z', '')
    file { $drop_in:
      ensure => directory,
      mode   => '0755',
    }
    file { "${drop_in}/output.conf":
      ensure  => file,
      mode    => '0644',
      content => "# Managed by Puppet.\n[Service]\nReadWritePaths=${directory}\n",
    }
  } else {
    file { "${drop_in}/output.conf":
      ensure => absent,
    }
  }
}
