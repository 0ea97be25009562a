# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Alerts to a topic of Kafka.
#
# * `enabled`: keep alerts in the store until this destination has them
# * `min_priority`: least severe alerts to send
# * `rules`: send alerts of these rules only; * stands for any text
# * `tags`: send alerts of rules with one of these tags only
# * `refusals`: definite refusals after which an alert is put aside as a dead letter
# * `max_dead_letters`: dead letters kept; beyond, alerts wait in the store
# * `timeout`: seconds to wait for an answer
# * `max_backoff`: longest pause (seconds) between two tries
# * `url`: where to
# * `user`: user name
# * `password_file`: file with the password
# * `ca_file`: file with the certificates of the authorities to trust, instead of the system's
# * `cert_file`: file with our certificate, for servers that ask for one (mTLS)
# * `key_file`: file with the key of our certificate, if it is not in cert_file
# * `check_certificate`: check the server's certificate; false is for tests only
# * `brokers`: the brokers to begin with, HOST:PORT
# * `topic`: the topic
# * `tls`: speak TLS; also with ca_file or cert_file
# * `sasl_mechanism`: how user and password are shown
# * `options`: further settings of librdkafka, NAME=VALUE
type Falco::Settings::Forwarders::Kafka = Struct[
  {
    Optional['enabled'] => Boolean,
    Optional['min_priority'] => Falco::Priority,
    Optional['rules'] => Variant[String[1], Array[String[1]]],
    Optional['tags'] => Variant[String[1], Array[String[1]]],
    Optional['refusals'] => Integer[0],
    Optional['max_dead_letters'] => Integer[0],
    Optional['timeout'] => Variant[Integer[0], Float[0.0]],
    Optional['max_backoff'] => Variant[Integer[0], Float[0.0]],
    Optional['url'] => String,
    Optional['user'] => String,
    Optional['password_file'] => String,
    Optional['ca_file'] => String,
    Optional['cert_file'] => String,
    Optional['key_file'] => String,
    Optional['check_certificate'] => Boolean,
    Optional['brokers'] => Variant[String[1], Array[String[1]]],
    Optional['topic'] => String,
    Optional['tls'] => Boolean,
    Optional['sasl_mechanism'] => Enum['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
    Optional['options'] => Variant[Pattern[/\A[^=]+=/], Array[Pattern[/\A[^=]+=/]]],
  }
]
