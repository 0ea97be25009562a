"""Somebody who subscribes to an MQTT broker, for tests to see what arrives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import paho.mqtt.client as paho


@contextmanager
def listening(client: paho.Client, port: int) -> Iterator[list[str]]:
    """The ids of alerts that a subscriber gets, for the time of a with block."""
    found: list[str] = []
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _c, _d, message: found.append(
        dict(getattr(message.properties, "UserProperty", []))["falco-alert-id"]
    )
    client.connect("localhost", port)
    client.loop_start()
    client.subscribe("falco/alerts", qos=1)
    assert subscribed.wait(20)
    yield found
    client.disconnect()
    client.loop_stop()
