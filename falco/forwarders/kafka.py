"""Alerts to a topic of Kafka, by librdkafka: its idempotent producer keeps the order through its own retries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Producer

from falco.forwarders import secret
from falco.forwarders.destination import RefusedError, TryLaterError

if TYPE_CHECKING:
    from falco.config_forwarders import Kafka
    from falco.store.record import StoredAlert

_HISTORY = re.compile(r" \((after \d|\d+ identical).*\)$")
"""What librdkafka adds to an error, another text each time."""
_ABOUT_ALERT = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD}


class KafkaDestination:
    """Records with the alert's id as key and as a header."""

    batch = 200

    def __init__(self, settings: Kafka) -> None:
        self._settings = settings
        self._producer: Producer | None = None
        self._why = ""
        """What librdkafka said last of a connection; a message is only ever too late."""

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        outcome: dict[str, KafkaError | None] = {}
        producer = self._connected()
        for alert in alerts:
            try:
                producer.produce(
                    self._settings.topic,
                    alert.json.encode(),
                    alert.id,
                    headers=[("falco-alert-id", alert.id.encode())],
                    on_delivery=partial(_note, outcome, alert.id),
                )
            except KafkaException as error:
                outcome[alert.id] = error.args[0]
                break  # What lies behind it must not arrive before it.
            except BufferError:
                break
        producer.flush(self._settings.timeout)
        whole = 0
        while whole < len(alerts) and outcome.get(alerts[whole].id, _MISSING) is None:
            whole += 1
        yield whole
        if whole < len(alerts):
            raise self._judged(outcome.get(alerts[whole].id))
        self._why = ""

    def idle(self) -> None:
        """Let librdkafka tell what it has noticed."""
        if self._producer is not None:
            self._producer.poll(0)

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.flush(1)

    def _connected(self) -> Producer:
        if self._producer is None:
            try:
                self._producer = Producer(self._options(), logger=None)
            except KafkaException as error:
                raise TryLaterError(f"librdkafka: {error.args[0].str()}") from None
        return self._producer

    def _options(self) -> dict[str, object]:
        settings = self._settings
        secure = settings.tls or settings.ca_file or settings.cert_file
        options: dict[str, object] = {
            "bootstrap.servers": ",".join(settings.brokers),
            "client.id": "falco-forwarder",
            "enable.idempotence": True,
            "message.timeout.ms": max(1000, int(settings.timeout * 1000)),
            "linger.ms": 5,
            "log_level": 2,
            "error_cb": self._heard,
        }
        if settings.user:
            options |= {"sasl.username": settings.user, "sasl.password": secret.read(settings.password_file)}
            options["sasl.mechanism"] = settings.sasl_mechanism
        if secure or settings.user:
            options["security.protocol"] = ("SASL_" if settings.user else "") + ("SSL" if secure else "PLAINTEXT")
        files = {
            "ssl.ca.location": settings.ca_file,
            "ssl.certificate.location": settings.cert_file,
            "ssl.key.location": settings.key_file or settings.cert_file,
        }
        options |= {name: path for name, path in files.items() if path}
        if secure and not settings.check_certificate:
            options["enable.ssl.certificate.verification"] = False
        return options | dict(pair.split("=", 1) for pair in settings.options)

    def _heard(self, error: KafkaError) -> None:
        """A connection has failed: keep why, unless it is only the sum of such failures."""
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._why = ": " + _HISTORY.sub("", error.str())

    def _judged(self, error: KafkaError | None) -> TryLaterError | RefusedError:
        if error is None or error.code() == KafkaError._MSG_TIMED_OUT:
            return TryLaterError(f"kafka: no broker has taken it in time{self._why}")
        if error.code() in _ABOUT_ALERT:
            # A broker refuses records together, those that librdkafka has put into one request.
            return RefusedError(f"kafka: {error.str()}", whole=True)
        return TryLaterError(f"kafka: {error.str()}{self._why}")


def _note(outcome: dict[str, KafkaError | None], name: str, error: KafkaError | None, _message: object) -> None:
    outcome[name] = error


_MISSING = KafkaError(KafkaError._TIMED_OUT)
"""No outcome: neither delivered nor known to have failed."""
