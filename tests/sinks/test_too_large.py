"""An alert that is larger than a server takes becomes a dead letter, and those behind it arrive: with limits of the
real things, each set so that the alert's JSON alone would fit, or would not.
"""

from __future__ import annotations

import asyncio
from contextlib import closing

import nats
import paho.mqtt.client as paho
import pytest

from falco.forwarders.dead_letters import DeadLetters
from falco.forwarders.mqtt import _packet_size
from tests.sinks.servers import free_port, running, until
from tests.sinks.stores import drained, fill
from tests.sinks.subscriber import listening
from tests.unit.forwarders.samples import serving

FEW = 5


@pytest.fixture
def alerts(store):
    """A large one between two times FEW small ones."""
    fill(store, FEW)
    fill(store, 1, "x" * 5000)
    return fill(store, FEW)


def dead(store, name):
    with closing(DeadLetters(store.parent / "forwarders" / name)) as letters:
        return [(letter.alert.id, letter.reason) for letter in letters.all()]


def check(store, name, alerts, found, reason):
    large = alerts.pop(FEW)
    assert found == [alert.id for alert in alerts]
    assert [name for name, _ in dead(store, name)] == [large.id]
    assert reason in dead(store, name)[0][1]


@pytest.mark.parametrize("room", [-1, 10], ids=["without headers", "with headers"])
@pytest.mark.parametrize("limit", ["server", "stream"])
def test_nats(tmp_path, store, alerts, room, limit):
    port = free_port()
    most = len(alerts[FEW].json) + room
    whole = f"max_payload: {most}\n" if limit == "server" else ""
    (tmp_path / "conf").write_text(f'listen: 127.0.0.1:{port}\njetstream {{ store_dir: "{tmp_path}/js" }}\n{whole}')

    async def made():
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        of_stream = most if limit == "stream" else -1
        await client.jetstream().add_stream(name="FALCO", subjects=["falco.alerts"], max_msg_size=of_stream)
        await client.close()

    async def read():
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        reader = await client.jetstream().subscribe("falco.alerts", ordered_consumer=True)
        count = (await client.jetstream().stream_info("FALCO")).state.messages
        found = [await reader.next_msg(timeout=10) for _ in range(count)]
        await client.close()
        return [(message.headers or {})["Nats-Msg-Id"] for message in found]

    with running(["nats-server", "-c", tmp_path / "conf"], port, tmp_path):
        asyncio.run(made())
        drained("nats", store, f"url=nats://127.0.0.1:{port}", "refusals=1")
        found = asyncio.run(read())
    check(store, "nats", alerts, found, "larger than" if limit == "server" else "exceeds maximum allowed")


@pytest.mark.parametrize("room", [-1, 10], ids=["without the rest of the packet", "with the rest of the packet"])
def test_mqtt(tmp_path, store, alerts, room):
    # mosquitto's older message_size_limit answers with a code that MQTT has no such answer for, and paho hangs up.
    port = free_port()
    most = len(alerts[FEW].json) + room
    (tmp_path / "conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_packet_size {most}\nuser root\n"
    )
    with running(["mosquitto", "-c", tmp_path / "conf"], port, tmp_path):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, "reader", protocol=paho.MQTTv5)  # type: ignore[attr-defined]
        with listening(client, port) as found:
            drained("mqtt", store, f"url=mqtt://127.0.0.1:{port}", "refusals=1")
            until(lambda: len(found) >= 2 * FEW, "mosquitto")
    check(store, "mqtt", alerts, found, f"the broker takes {most}")


def test_mqtt_just_fits(tmp_path, store, alerts):
    port = free_port()
    most = _packet_size(b"falco/alerts", alerts[FEW])
    (tmp_path / "conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_packet_size {most}\nuser root\n"
    )
    with running(["mosquitto", "-c", tmp_path / "conf"], port, tmp_path):
        drained("mqtt", store, f"url=mqtt://127.0.0.1:{port}", "refusals=1")
    assert dead(store, "mqtt") == []


def test_webhook_through_nginx(tmp_path, store, alerts):
    port = free_port()
    with serving() as behind:
        (tmp_path / "nginx.conf").write_text(
            f"""
            daemon off; worker_processes 1; pid {tmp_path}/pid; error_log {tmp_path}/error.log;
            events {{ worker_connections 64; }}
            http {{
              access_log off; client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy;
              fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;
              client_max_body_size 2k;
              server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {behind.url}; }} }}
            }}
            """
        )
        with running(["nginx", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log"], port, tmp_path):
            drained("webhook", store, f"url=http://127.0.0.1:{port}/", "refusals=1")
        found = [request.headers["X-Falco-Alert-Id"] for request in behind.requests]
    check(store, "webhook", alerts, found, "413")
