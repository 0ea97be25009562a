# A host of a web shop: alerts as JSON, to a webhook and to syslog, with a rule of its own.
class { 'falco':
  settings    => {
    'json_output'   => true,
    'priority'      => 'notice',
    'webserver'     => { 'enabled' => false },
    'syslog_output' => { 'enabled' => true },
    'forwarders'    => {
      'webhook' => { 'enabled' => true, 'min_priority' => 'warning' },
    },
  },
  # In real life: lookup() from encrypted data. Data under the key falco::secrets become Sensitive by themselves.
  secrets     => Sensitive({ 'webhook' => { 'url' => 'https://alerts.example.org/falco/T0K3N' } }),
  local_rules => [
    { 'list' => 'shop_servers', 'items' => ['nginx', 'php-fpm'] },
    {
      'rule'      => 'Shell of the shop',
      'desc'      => 'A server of the shop starts a shell',
      'condition' => 'evt.type = execve and evt.dir = < and proc.name in (bash, sh) and proc.pname in (shop_servers)',
      'output'    => 'The shop started a shell (command=%proc.cmdline parent=%proc.pname)',
      'priority'  => 'CRITICAL',
      'tags'      => ['shop'],
    },
  ],
  rules       => {
    '50-team' => { 'source' => 'puppet:///modules/profile/falco/team.yaml' },
  },
}
