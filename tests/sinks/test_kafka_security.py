"""Kafka with TLS and SASL: librdkafka's mock cluster has neither, so a listener stands in front of it that has both."""

from __future__ import annotations

import ssl
import time

import pytest
from confluent_kafka import Consumer, Producer

from tests.sinks.kafka_front import front
from tests.sinks.stores import drained, fill, told

COUNT = 40
USERS = {"falco": "pw"}
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture
def expected(store):
    """The ids that have to arrive."""
    return [alert.id for alert in fill(store, COUNT)]


@pytest.fixture
def broker():
    """The port of a cluster of one, which lives in this process as long as its producer does."""
    cluster = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1}, logger=None)
    yield next(iter(cluster.list_topics("falco", 10).brokers.values())).port
    cluster.flush(1)


def serving(pki, *, mutual=False):
    """A server's side of TLS, which asks clients for a certificate or not."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pki / "server.pem", pki / "server.key")
    if mutual:
        context.load_verify_locations(pki / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def received(broker):
    """The keys of all that the cluster has, read from it without the listener."""
    reader = Consumer({"bootstrap.servers": f"127.0.0.1:{broker}", "group.id": "g", "auto.offset.reset": "earliest"})
    reader.subscribe(["falco"])
    found: list[str] = []
    end = time.monotonic() + 30
    while len(found) < COUNT and time.monotonic() < end:
        message = reader.poll(1)
        if message is not None and not message.error():
            found.append((message.key() or b"").decode())
    reader.close()
    return sorted(found)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_user_and_password(store, expected, broker, pki, secret, mechanism, secure):
    with front(broker, serving(pki) if secure else None, USERS) as listener:
        settings = [f"brokers=[127.0.0.1:{listener.port}]", "user=falco", f"sasl_mechanism={mechanism}"]
        settings += [f"ca_file={pki}/ca.pem"] if secure else []
        if secure:
            wrong = f"password_file={secret('other')}"
            told("kafka", store, "SASL authentication error: Authentication failed", *settings, wrong, "timeout=1")
            assert listener.mechanisms == []
        drained("kafka", store, *settings, f"password_file={secret('pw')}", "timeout=20")
        assert set(listener.mechanisms) == {mechanism}
    assert received(broker) == expected


def test_certificates_on_both_sides(store, expected, broker, pki):
    with front(broker, serving(pki, mutual=True), None) as listener:
        settings = [f"brokers=[127.0.0.1:{listener.port}]", f"ca_file={pki}/ca.pem"]
        told("kafka", store, "alert certificate required", *settings, "timeout=1")
        certificate = [f"cert_file={pki}/client.pem", f"key_file={pki}/client.key"]
        drained("kafka", store, *settings, *certificate, "timeout=20")
    assert received(broker) == expected


def test_a_certificate_of_nobody_we_trust(store, expected, broker, pki):
    with front(broker, serving(pki), None) as listener:
        settings = [f"brokers=[127.0.0.1:{listener.port}]", "tls=true"]
        told("kafka", store, "certificate verify failed", *settings, "timeout=1")
        drained("kafka", store, *settings, "check_certificate=false", "timeout=20")
    assert received(broker) == expected


def test_a_broker_that_asks_who_is_there_gets_nothing_from_who_does_not_say(store, expected, broker):
    with front(broker, None, USERS) as listener:
        told("kafka", store, "no broker has taken it in time", f"brokers=[127.0.0.1:{listener.port}]", "timeout=1")
        drained("kafka", store, f"brokers=[127.0.0.1:{broker}]", "timeout=20")
    assert received(broker) == expected, "each of them once"
