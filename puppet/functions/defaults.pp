# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary The settings of the falco.yaml that packages bring.
#
# @return [Falco::Settings] the settings of the falco.yaml that packages bring
function falco::defaults() >> Falco::Settings {
  {
    'rules_file'                   => [
      '/etc/falco/falco_rules.yaml',
      '/etc/falco/falco_rules.local.yaml',
      '/etc/falco/k8s_audit_rules.yaml',
      '/etc/falco/rules.d',
    ],
    'time_format_iso_8601'         => false,
    'json_output'                  => false,
    'json_include_output_property' => true,
    'log_stderr'                   => true,
    'log_syslog'                   => true,
    'log_level'                    => 'info',
    'priority'                     => 'debug',
    'buffered_outputs'             => false,
    'syscall_event_drops'          => {
      'actions'   => [
        'log',
        'alert',
      ],
      'rate'      => 0.03333,
      'max_burst' => 10,
    },
    'outputs'                      => {
      'rate'             => 1,
      'max_burst'        => 1000,
      'queue_capacity'   => 10000,
      'delivery_timeout' => 60,
    },
    'stdout_output'                => {
      'enabled' => true,
    },
    'stderr_output'                => {
      'enabled' => false,
    },
    'syslog_output'                => {
      'enabled' => true,
    },
    'file_output'                  => {
      'enabled'    => false,
      'keep_alive' => false,
      'filename'   => './events.txt',
    },
    'program_output'               => {
      'enabled'    => false,
      'keep_alive' => false,
      'program'    => 'logger -t falco',
    },
    'http_output'                  => {
      'enabled' => false,
      'url'     => 'http://localhost:2801/',
    },
    'alert_store'                  => {
      'enabled'       => 'auto',
      'path'          => '/var/lib/falco/alerts.db',
      'keep_days'     => 7,
      'max_size_mb'   => 512,
      'hard_limit_mb' => 1024,
    },
    'forwarders'                   => {
      'webhook' => {
        'enabled' => false,
        'url'     => 'http://localhost:2801/',
      },
    },
    'webserver'                    => {
      'enabled'            => true,
      'listen_address'     => '0.0.0.0',
      'listen_port'        => 8765,
      'k8s_audit_endpoint' => '/k8s_audit',
      'ssl_enabled'        => false,
      'ssl_certificate'    => '/etc/falco/falco.pem',
      'ssl_client_ca'      => '',
      'queue_mb'           => 128,
    },
  }
}
