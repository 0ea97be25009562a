# @summary One rules file.
#
# @api private
#
# @param rules
#   What is in it.
# @param path
#   Where it lies.
# @param check
#   Whether it has to pass Falco's check first.
define falco::rules_file (
  Falco::Rules $rules,
  Falco::Path  $path,
  Boolean      $check,
) {
  if $rules =~ Struct[{ source => Any }] {
    $from = { 'source' => $rules['source'] }
  } else {
    $from = { 'content' => falco::rules_text($rules) }
  }

  $checked = $check ? {
    true    => { 'validate_cmd' => '/usr/bin/falco -r /etc/falco/falco_rules.yaml -r % -L' },
    default => {},
  }

  file { $path:
    ensure => file,
    owner  => 'root',
    group  => 'root',
    mode   => '0644',
    *      => $from + $checked,
  }
}
