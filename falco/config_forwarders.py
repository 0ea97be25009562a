"""The settings under `forwarders`: one section for each destination, named as `falco-forwarder NAME` names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from falco.config_values import AMOUNT, BOOLEAN, NATURAL, PAIRS, SEVERITY, TEXT, TEXTS, setting, word_of
from falco.priority import Priority

SYSLOG_FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
"""By their numbers in RFC 5424."""
_FACILITY = word_of(*SYSLOG_FACILITIES)
_FORMAT = word_of("json", "text")


@dataclasses.dataclass(frozen=True, slots=True)
class Forwarder:
    """What every destination has."""

    enabled: bool = setting(BOOLEAN, False, "keep alerts in the store until this destination has them")
    min_priority: Priority = setting(SEVERITY, Priority.DEBUG, "least severe alerts to send")  # noqa: RUF009
    rules: tuple[str, ...] = setting(TEXTS, (), "send alerts of these rules only; * stands for any text")
    tags: tuple[str, ...] = setting(TEXTS, (), "send alerts of rules with one of these tags only")
    refusals: int = setting(NATURAL, 3, "definite refusals after which an alert is put aside as a dead letter")
    max_dead_letters: int = setting(NATURAL, 10_000, "dead letters kept; beyond, alerts wait in the store")
    timeout: float = setting(AMOUNT, 10.0, "seconds to wait for an answer")
    max_backoff: float = setting(AMOUNT, 60.0, "longest pause (seconds) between two tries")


@dataclasses.dataclass(frozen=True, slots=True)
class TlsForwarder(Forwarder):
    """A destination that is reached over the network, perhaps with TLS."""

    url: str = setting(TEXT, "", "where to")
    user: str = setting(TEXT, "", "user name")
    password_file: str = setting(TEXT, "", "file with the password")
    ca_file: str = setting(TEXT, "", "file with the certificates of the authorities to trust, instead of the system's")
    cert_file: str = setting(TEXT, "", "file with our certificate, for servers that ask for one (mTLS)")
    key_file: str = setting(TEXT, "", "file with the key of our certificate, if it is not in cert_file")
    check_certificate: bool = setting(BOOLEAN, True, "check the server's certificate; false is for tests only")


@dataclasses.dataclass(frozen=True, slots=True)
class HttpForwarder(TlsForwarder):
    """A destination that takes HTTP requests."""

    url_file: str = setting(TEXT, "", "file with the URL, if that is a secret")
    token_file: str = setting(TEXT, "", "file with a token, sent as `Authorization: Bearer`")
    headers_file: str = setting(TEXT, "", "file with further headers, one `Name: value` a line")


@dataclasses.dataclass(frozen=True, slots=True)
class Webhook(HttpForwarder):
    """Alerts posted to a URL, as JSON."""


@dataclasses.dataclass(frozen=True, slots=True)
class Slack(HttpForwarder):
    """Alerts to an incoming webhook of Slack, or of a chat that takes the same form."""

    channel: str = setting(TEXT, "", "channel, if it is not the webhook's own")
    sender: str = setting(TEXT, "Falco", "name to post under")


@dataclasses.dataclass(frozen=True, slots=True)
class Alertmanager(HttpForwarder):
    """Alerts to Prometheus' Alertmanager."""

    expires: float = setting(AMOUNT, 300.0, "seconds after which an alert counts as resolved")
    labels: tuple[str, ...] = setting(PAIRS, (), "labels to add, NAME=VALUE")


@dataclasses.dataclass(frozen=True, slots=True)
class Elasticsearch(HttpForwarder):
    """Alerts as documents of Elasticsearch or OpenSearch."""

    index: str = setting(TEXT, "falco", "the index")
    index_suffix: str = setting(
        word_of("none", "daily", "monthly"), "daily", "what follows the index's name: the alert's day or month"
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Loki(HttpForwarder):
    """Alerts as lines of Loki."""

    tenant: str = setting(TEXT, "", "the tenant (X-Scope-OrgID)")
    labels: tuple[str, ...] = setting(PAIRS, (), "labels to add, NAME=VALUE")
    structured_metadata: bool = setting(
        BOOLEAN, True, "send each alert's id as structured metadata (Loki 2.9 and newer)"
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Syslog(TlsForwarder):
    """Alerts to a syslog server, RFC 5424."""

    facility: str = setting(_FACILITY, "user", "the facility")
    format: str = setting(_FORMAT, "json", "json, or the text of the alert")
    hostname: str = setting(TEXT, "", "name of this host in messages, if not its own")


@dataclasses.dataclass(frozen=True, slots=True)
class Nats(TlsForwarder):
    """Alerts to a stream of NATS JetStream."""

    subject: str = setting(TEXT, "falco.alerts", "the subject")
    stream: str = setting(TEXT, "", "stream to make for the subject if none takes it")
    token_file: str = setting(TEXT, "", "file with a token")
    credentials_file: str = setting(TEXT, "", "file with credentials (.creds)")


@dataclasses.dataclass(frozen=True, slots=True)
class Kafka(TlsForwarder):
    """Alerts to a topic of Kafka."""

    brokers: tuple[str, ...] = setting(TEXTS, (), "the brokers to begin with, HOST:PORT")
    topic: str = setting(TEXT, "falco", "the topic")
    tls: bool = setting(BOOLEAN, False, "speak TLS; also with ca_file or cert_file")
    sasl_mechanism: str = setting(
        word_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"), "PLAIN", "how user and password are shown"
    )
    options: tuple[str, ...] = setting(PAIRS, (), "further settings of librdkafka, NAME=VALUE")


@dataclasses.dataclass(frozen=True, slots=True)
class Mqtt(TlsForwarder):
    """Alerts to a topic of an MQTT broker, at least once (QoS 1)."""

    topic: str = setting(TEXT, "falco/alerts", "the topic")
    client_id: str = setting(TEXT, "", "name of this client, if not falco-HOST")


@dataclasses.dataclass(frozen=True, slots=True)
class Redis(TlsForwarder):
    """Alerts to a stream of Redis."""

    stream: str = setting(TEXT, "falco", "the key of the stream")
    max_length: int = setting(NATURAL, 0, "about how many entries the stream keeps; 0: all")


@dataclasses.dataclass(frozen=True, slots=True)
class Smtp(TlsForwarder):
    """Alerts as mails."""

    sender: str = setting(TEXT, "", "address of the sender")
    recipients: tuple[str, ...] = setting(TEXTS, (), "addresses of the recipients")


@dataclasses.dataclass(frozen=True, slots=True)
class Program(Forwarder):
    """Alerts to a program, one run for each, on its standard input."""

    program: str = setting(TEXT, "", "the command, run by the shell")
    format: str = setting(_FORMAT, "json", "json, or the text of the alert")
    keep_capabilities: bool = setting(
        BOOLEAN, False, "let the program have what the unit or the container may do; otherwise it has no capability"
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Forwarders:
    """The destinations."""

    webhook: Webhook = Webhook()
    slack: Slack = Slack()
    syslog: Syslog = Syslog()
    alertmanager: Alertmanager = Alertmanager()
    elasticsearch: Elasticsearch = Elasticsearch()
    loki: Loki = Loki()
    nats: Nats = Nats()
    kafka: Kafka = Kafka()
    mqtt: Mqtt = Mqtt()
    redis: Redis = Redis()
    smtp: Smtp = Smtp()
    program: Program = Program()


_HTTP = {"url": "http://localhost:2801/", "url_file": "/etc/falco/secrets/url"}
NEEDED: dict[str, tuple[Mapping[str, str], ...]] = {
    "webhook": (_HTTP,),
    "slack": (_HTTP | {"url": "https://hooks.slack.com/services/..."},),
    "syslog": ({"url": "tcp://localhost:514"},),
    "alertmanager": (_HTTP | {"url": "http://localhost:9093"},),
    "elasticsearch": (_HTTP | {"url": "http://localhost:9200"},),
    "loki": (_HTTP | {"url": "http://localhost:3100"},),
    "nats": ({"url": "nats://localhost:4222"}, {"subject": "falco.alerts"}),
    "kafka": ({"brokers": "localhost:9092"}, {"topic": "falco"}),
    "mqtt": ({"url": "mqtt://localhost:1883"}, {"topic": "falco/alerts"}),
    "redis": ({"url": "redis://localhost:6379"}, {"stream": "falco"}),
    "smtp": ({"url": "smtp://localhost:25"}, {"sender": "falco@example.org"}, {"recipients": "soc@example.org"}),
    "program": ({"program": "logger -t falco"},),
}
"""What each destination cannot do without; one of the settings in each group, each with an example of its value."""


def lacking(name: str, section: Forwarder) -> Iterator[tuple[str, list[str]]]:
    """For each group of NEEDED that a section has nothing of: its first key, and what would do, `KEY: EXAMPLE`."""
    for group in NEEDED[name]:
        # A list may hold nothing but an empty word: `-o forwarders.kafka.brokers=`.
        if not any(any(getattr(section, key)) for key in group):
            yield next(iter(group)), [f"forwarders.{name}.{key}: {example}" for key, example in group.items()]
