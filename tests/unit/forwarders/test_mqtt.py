from __future__ import annotations

import socket
import threading

import pytest

from falco.config_forwarders import Mqtt
from falco.forwarders.destination import TryLaterError
from falco.forwarders.mqtt import MqttDestination
from tests.unit.forwarders.samples import stored


def test_nobody_listening(closed_port):
    with pytest.raises(TryLaterError, match="refused"):
        list(MqttDestination(Mqtt(url=f"mqtt://127.0.0.1:{closed_port}")).send([stored()]))


def test_a_broker_that_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        destination = MqttDestination(Mqtt(url=f"mqtt://127.0.0.1:{server.getsockname()[1]}", timeout=0.2))
        with pytest.raises(TryLaterError, match="no answer"):
            list(destination.send([stored()]))
        destination.close()


def test_a_broker_that_hangs_up_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            connection, _ = server.accept()
            connection.recv(1)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        destination = MqttDestination(Mqtt(url=f"mqtt://127.0.0.1:{server.getsockname()[1]}", timeout=3600))
        with pytest.raises(TryLaterError, match="the broker has hung up"):
            list(destination.send([stored()]))
        thread.join()


@pytest.mark.parametrize("url", ["host:1883", "http://x", "mqtt://"])
def test_what_is_no_url_of_mqtt(url):
    with pytest.raises(ValueError, match="expected mqtt://HOST"):
        MqttDestination(Mqtt(url=url))
