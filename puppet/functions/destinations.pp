# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary The destinations that forwarders know.
#
# @return [Array[String[1]]] the destinations that forwarders know
function falco::destinations() >> Array[String[1]] {
  [
    'webhook',
    'slack',
    'syslog',
    'alertmanager',
    'elasticsearch',
    'loki',
    'nats',
    'kafka',
    'mqtt',
    'redis',
    'smtp',
    'program',
  ]
}
