"""Alerts to a topic of an MQTT 5 broker, at least once (QoS 1)."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from falco.forwarders import secret, tls
from falco.forwarders.destination import RefusedError, TryLaterError

if TYPE_CHECKING:
    from paho.mqtt.reasoncodes import ReasonCode

    from falco.config_forwarders import Mqtt
    from falco.store.record import StoredAlert

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_ID = "falco-alert-id"
_ABOUT_ALERT = {0x95, 0x99}
"""Reason codes for an alert that is too large, and for one whose form is not accepted."""


class MqttDestination:
    """Messages; the alert's id is in the user property falco-alert-id."""

    batch = 50

    def __init__(self, settings: Mqtt) -> None:
        """ValueError for a URL that is none."""
        url = urlsplit(settings.url)
        if url.scheme not in _PORTS or not url.hostname:
            raise ValueError(f"{settings.url}: expected mqtt://HOST or mqtts://HOST")
        self._settings = settings
        self._scheme, self._address = url.scheme, (url.hostname, url.port or _PORTS[url.scheme])
        self._client: paho.Client | None = None
        self._answers: dict[int, int] = {}
        self._answered = threading.Condition()
        self._state: int | None = None
        self._hung_up = False
        self._longest = 0
        """The largest packet that the broker takes; 0 if it does not say."""

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        client = self._connected()
        for alert in alerts:
            size = _packet_size(self._settings.topic.encode(), alert)
            if self._longest and size > self._longest:
                raise RefusedError(f"a packet of {size} bytes, the broker takes {self._longest}")
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.UserProperty = [(_ID, alert.id)]
            info = client.publish(self._settings.topic, alert.json.encode(), qos=1, properties=properties)
            code = self._answer(info.mid)
            if code is None or not client.is_connected():
                raise TryLaterError(f"{self._settings.url}: no acknowledgement")
            if code >= 0x80:
                what = f"{self._settings.url}: refused with reason code {code:#x}"
                raise (RefusedError if code in _ABOUT_ALERT else TryLaterError)(what)
            yield 1

    def idle(self) -> None:
        """The client's thread keeps the connection alive."""

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError):
                client.disconnect()
            client.loop_stop()
        self._answers.clear()

    def _answer(self, message: int) -> int | None:
        """The reason code of the broker's acknowledgement, None if there is none in time."""
        deadline = time.monotonic() + self._settings.timeout
        with self._answered:
            while message not in self._answers:
                left = deadline - time.monotonic()
                if left <= 0 or self._state is None:
                    return None
                self._answered.wait(min(left, 0.5))
            return self._answers.pop(message)

    def _greeting(self) -> int | None:
        """The reason code with which the broker lets us in or not, None if it says nothing in time or hangs up."""
        with self._answered:
            self._answered.wait_for(lambda: self._state is not None or self._hung_up, self._settings.timeout)
            return self._state

    def _connected(self) -> paho.Client:
        if self._client is not None and self._state == 0:
            return self._client
        self.close()
        settings = self._settings
        name = settings.client_id or f"falco-{socket.gethostname()}"
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, name, protocol=paho.MQTTv5)  # type: ignore[attr-defined]
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish = self._on_publish
        if settings.user:
            client.username_pw_set(settings.user, secret.read(settings.password_file))
        if self._scheme == "mqtts":
            client.tls_set_context(tls.context(settings))
        client.connect_timeout = settings.timeout
        self._state, self._hung_up = None, False
        try:
            client.connect(*self._address)
        except (OSError, ValueError) as error:
            raise TryLaterError(f"{settings.url}: {error}") from None
        client.loop_start()
        self._client = client
        code = self._greeting()
        if code != 0:
            # TLS 1.3 lets a client go on whose certificate is then refused, or missing.
            silence = "the broker has hung up" if self._hung_up else "no answer"
            self.close()
            what = silence if code is None else f"refused with reason code {code:#x}"
            raise TryLaterError(f"{settings.url}: {what}")
        return client

    def _on_connect(self, _client: object, _data: object, _flags: object, code: ReasonCode, more: object) -> None:
        with self._answered:
            self._longest = getattr(more, "MaximumPacketSize", 0)
            self._state = int(code.value)
            self._answered.notify_all()

    def _on_disconnect(self, _client: object, _data: object, _flags: object, _code: object, _more: object) -> None:
        with self._answered:
            self._state, self._hung_up = None, True
            self._answered.notify_all()

    def _on_publish(self, _client: object, _data: object, message: int, code: ReasonCode, _more: object) -> None:
        with self._answered:
            self._answers[message] = int(code.value)
            self._answered.notify_all()


def _packet_size(topic: bytes, alert: StoredAlert) -> int:
    """How long the packet of an alert is: lengths of texts take two bytes, the packet's own up to four."""
    about = (2 + len(topic)) + 2 + 1 + (1 + 2 + len(_ID) + 2 + len(alert.id))
    rest = about + len(alert.json.encode())
    return 1 + max(1, (rest.bit_length() + 6) // 7) + rest
