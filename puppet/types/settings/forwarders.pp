# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary The destinations.
#
# * `webhook`: Alerts posted to a URL, as JSON.
# * `slack`: Alerts to an incoming webhook of Slack, or of a chat that takes the same form.
# * `syslog`: Alerts to a syslog server, RFC 5424.
# * `alertmanager`: Alerts to Prometheus' Alertmanager.
# * `elasticsearch`: Alerts as documents of Elasticsearch or OpenSearch.
# * `loki`: Alerts as lines of Loki.
# * `nats`: Alerts to a stream of NATS JetStream.
# * `kafka`: Alerts to a topic of Kafka.
# * `mqtt`: Alerts to a topic of an MQTT broker, at least once (QoS 1).
# * `redis`: Alerts to a stream of Redis.
# * `smtp`: Alerts as mails.
# * `program`: Alerts to a program, one run for each, on its standard input.
type Falco::Settings::Forwarders = Struct[
  {
    Optional['webhook'] => Falco::Settings::Forwarders::Webhook,
    Optional['slack'] => Falco::Settings::Forwarders::Slack,
    Optional['syslog'] => Falco::Settings::Forwarders::Syslog,
    Optional['alertmanager'] => Falco::Settings::Forwarders::Alertmanager,
    Optional['elasticsearch'] => Falco::Settings::Forwarders::Elasticsearch,
    Optional['loki'] => Falco::Settings::Forwarders::Loki,
    Optional['nats'] => Falco::Settings::Forwarders::Nats,
    Optional['kafka'] => Falco::Settings::Forwarders::Kafka,
    Optional['mqtt'] => Falco::Settings::Forwarders::Mqtt,
    Optional['redis'] => Falco::Settings::Forwarders::Redis,
    Optional['smtp'] => Falco::Settings::Forwarders::Smtp,
    Optional['program'] => Falco::Settings::Forwarders::Program,
  }
]
