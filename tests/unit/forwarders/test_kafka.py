from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from falco.config_forwarders import Kafka
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.kafka import KafkaDestination
from tests.unit.forwarders.samples import stored


def test_nobody_listening(closed_port):
    destination = KafkaDestination(Kafka(brokers=(f"127.0.0.1:{closed_port}",), timeout=0.2))
    with pytest.raises(TryLaterError, match=r"kafka: no broker has taken it in time: .* Connection refused$"):
        list(destination.send([stored()]))
    destination.close()


def test_an_alert_that_is_too_large_is_refused_before_any_broker_sees_it(closed_port):
    settings = Kafka(brokers=(f"127.0.0.1:{closed_port}",), timeout=0.2, options=("message.max.bytes=2000",))
    destination = KafkaDestination(settings)
    with pytest.raises(RefusedError, match=r"(?i)too large"):
        list(destination.send([stored(text="x" * 3000)]))
    destination.close()


def test_an_option_that_librdkafka_does_not_know_is_told():
    with pytest.raises(TryLaterError, match=r"librdkafka: No such configuration property: \"nonsense\"$"):
        list(KafkaDestination(Kafka(brokers=("x",), options=("nonsense=1",))).send([stored()]))


@pytest.mark.parametrize(
    "options",
    [("compression.codec=zstd", "acks=all"), ("sasl.mechanism=OAUTHBEARER", "security.protocol=SASL_PLAINTEXT")],
)
def test_options_of_librdkafka_are_handed_on(closed_port, options):
    destination = KafkaDestination(Kafka(brokers=(f"127.0.0.1:{closed_port}",), timeout=0.2, options=options))
    with pytest.raises(TryLaterError, match="no broker has taken it in time"):
        list(destination.send([stored()]))
    destination.close()


@pytest.mark.parametrize(
    "history",
    ["", " (after 3ms in state SSL_HANDSHAKE)", " (after 12ms in state CONNECT, 1 identical error(s) suppressed)",
     " (2 identical error(s) suppressed)"],
)  # fmt: skip
def test_why_nothing_arrives_is_the_same_each_time(history):
    destination = KafkaDestination(Kafka(brokers=("x",)))
    destination._heard(KafkaError(KafkaError._SSL, f"verify failed (install ca-certificates){history}"))
    reason = str(destination._judged(None))
    assert reason == "kafka: no broker has taken it in time: verify failed (install ca-certificates)"


class Refusing:
    """A producer whose broker takes two records in one request at most."""

    def __init__(self, *_args, **_options):
        self._waiting = []

    def produce(self, _topic, _value, key, *, on_delivery, **_more):
        self._waiting.append((key, on_delivery))

    def flush(self, _timeout):
        error = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE) if len(self._waiting) > 2 else None
        for _, on_delivery in self._waiting:
            on_delivery(error, None)
        self._waiting.clear()

    def purge(self):
        self._waiting.clear()


def test_what_a_broker_refuses_together_may_be_taken_in_smaller_parts(monkeypatch):
    monkeypatch.setattr("falco.forwarders.kafka.Producer", Refusing)
    destination = KafkaDestination(Kafka(brokers=("x",)))
    with pytest.raises(RefusedError) as caught:
        list(destination.send([stored(1), stored(2), stored(3)]))
    assert caught.value.whole
    assert list(destination.send([stored(1), stored(2)])) == [2]
    destination.close()
