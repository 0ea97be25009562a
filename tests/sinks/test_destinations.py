"""Each destination delivers what was alerted to the real thing, as seen at the receiving end: every alert, in order,
its JSON byte for byte, its id beside it, and nothing that a file name could forge.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import re
import ssl
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import nats
import paho.mqtt.client as paho
import pytest
import redis
from aiosmtpd.controller import Controller
from confluent_kafka import Consumer, Producer

from tests.sinks.servers import free_port, running, until
from tests.sinks.stores import drained, fill, forwarding
from tests.unit.forwarders.samples import serving

COUNT = 250


@pytest.fixture
def expected(store):
    """The ids and JSON texts that have to arrive."""
    return [(alert.id, alert.json) for alert in fill(store, COUNT)]


def mutual(pki: Path) -> list[str]:
    """The settings for certificates on both sides."""
    return [f"ca_file={pki}/ca.pem", f"cert_file={pki}/client.pem", f"key_file={pki}/client.key"]


SYSLOG = re.compile(r'<12>1 \S+ \S+ falco \d+ alert \[falco@32473 id="(\w+)" [^\n]*?"\] \ufeff?(.*)')


def rsyslog(folder: Path, pki: Path, port: int, kind: str) -> Path:
    """A configuration of rsyslog that writes raw messages into a file."""
    out = folder / "received"
    tls = f"""
        global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{pki}/ca.pem"
            DefaultNetstreamDriverCertFile="{pki}/server.pem" DefaultNetstreamDriverKeyFile="{pki}/server.key")
        module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
    """
    module = {"tls": tls, "tcp": 'module(load="imtcp")', "udp": 'module(load="imudp")'}[kind]
    kind_of_input = "imudp" if kind == "udp" else "imtcp"
    (folder / "rsyslog.conf").write_text(
        f"""
        global(workDirectory="{folder}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")
        {module}
        template(name="raw" type="string" string="%rawmsg%\\n")
        input(type="{kind_of_input}" address="127.0.0.1" port="{port}" ruleset="all")
        {
            'module(load="imtcp") input(type="imtcp" address="127.0.0.1" port="' + str(port) + '" ruleset="all")'
            if kind == "udp"
            else ""
        }
        ruleset(name="all") {{ action(type="omfile" file="{out}" template="raw") }}
        """
    )
    return out


@pytest.mark.parametrize("kind", ["tcp", "tls", "udp"])
def test_syslog(tmp_path, store, pki, kind):
    # No more datagrams than the server's kernel keeps for it while it does something else.
    expected = [(alert.id, alert.json) for alert in fill(store, 50 if kind == "udp" else COUNT)]
    port = free_port()
    out = rsyslog(tmp_path, pki, port, kind)
    command = ["rsyslogd", "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "pid"]
    with running(command, port, tmp_path):
        if kind == "udp":
            until(lambda: bound(port), "the port of datagrams")
        drained("syslog", store, f"url={kind}://127.0.0.1:{port}", *(mutual(pki) if kind == "tls" else []))
        until(lambda: out.exists() and out.read_text().count("\n") >= len(expected), "rsyslog")
    lines = out.read_text().split("\n")[:-1]
    found = [match.groups() for match in map(SYSLOG.fullmatch, lines) if match]
    assert len(lines) == len(expected)
    assert found == expected


def bound(port: int) -> bool:
    """Whether somebody takes datagrams on a port of IPv4."""
    return f":{port:04X} " in Path("/proc/net/udp").read_text(encoding="ascii")


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "mtls"])
def test_nats(tmp_path, store, expected, pki, secure):
    port = free_port()
    server = ["nats-server", "-js", "-sd", tmp_path / "js", "-a", "127.0.0.1", "-p", port]
    settings = [f"url=nats://localhost:{port}", "stream=FALCO", "subject=falco.alerts"]
    context = None
    if secure:
        server += ["--tlsverify", "--tlscert", pki / "server.pem", "--tlskey", pki / "server.key"]
        server += ["--tlscacert", pki / "ca.pem"]
        settings += mutual(pki)
        context = ssl.create_default_context(cafile=pki / "ca.pem")
        context.load_cert_chain(pki / "client.pem", pki / "client.key")
    with running(server, port, tmp_path):
        drained("nats", store, *settings)
        # A second delivery of all of them: the stream keeps one of each id.
        (store.parent / "forwarders/nats/cursor.json").unlink()
        drained("nats", store, *settings)

        async def read():
            client = await nats.connect(f"nats://localhost:{port}", tls=context)
            reader = await client.jetstream().subscribe("falco.alerts", ordered_consumer=True)
            found = [await reader.next_msg(timeout=10) for _ in range(COUNT)]
            count = (await client.jetstream().stream_info("FALCO")).state.messages
            await client.close()
            return count, [((message.headers or {})["Nats-Msg-Id"], message.data.decode()) for message in found]

        assert asyncio.run(read()) == (COUNT, expected)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "mtls"])
def test_redis(tmp_path, store, expected, pki, secure):
    port = free_port()
    server = ["redis-server", "--dir", tmp_path, "--requirepass", "pw"]
    files = {"ssl_ca_certs": str(pki / "ca.pem"), "ssl_certfile": str(pki / "client.pem")}
    files["ssl_keyfile"] = str(pki / "client.key")
    if secure:
        server += ["--port", 0, "--tls-port", port, "--tls-cert-file", pki / "server.pem"]
        server += ["--tls-key-file", pki / "server.key", "--tls-ca-cert-file", pki / "ca.pem"]
    else:
        server += ["--port", port]
    (tmp_path / "password").write_text("pw\n")
    url = f"url=redis{'s' if secure else ''}://localhost:{port}"
    settings = [url, f"password_file={tmp_path}/password", "stream=s", *(mutual(pki) if secure else [])]
    with running(server, port, tmp_path):
        drained("redis", store, *settings)
        options: dict[str, Any] = {"ssl": True, **files} if secure else {}
        with redis.Redis("localhost", port, password="pw", decode_responses=True, **options) as client:
            found = [(entry["id"], entry["alert"]) for _, entry in client.xrange("s")]
    assert found == expected


def test_mqtt(tmp_path, store, expected, pki):
    port = free_port()
    (tmp_path / "conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\ncafile {pki}/ca.pem\ncertfile {pki}/server.pem\n"
        f"keyfile {pki}/server.key\nmax_queued_messages 0\nuser root\n"
    )
    found: list[tuple[str, str]] = []
    with running(["mosquitto", "-c", tmp_path / "conf"], port, tmp_path):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, "reader", protocol=paho.MQTTv5)  # type: ignore[attr-defined]
        client.tls_set(str(pki / "ca.pem"))
        subscribed = threading.Event()
        client.on_subscribe = lambda *_: subscribed.set()
        client.on_message = lambda _c, _d, message: found.append(
            (dict(getattr(message.properties, "UserProperty", []))["falco-alert-id"], message.payload.decode())
        )
        client.connect("127.0.0.1", port)
        client.loop_start()
        client.subscribe("falco/alerts", qos=1)
        assert subscribed.wait(20)
        drained("mqtt", store, f"url=mqtts://localhost:{port}", f"ca_file={pki}/ca.pem")
        until(lambda: len(found) >= COUNT, "mosquitto")
        client.disconnect()
        client.loop_stop()
    assert found == expected


def test_kafka(store, expected):
    # librdkafka's mock cluster lives in this process, for as long as this producer does.
    cluster = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 3})
    brokers = [f"127.0.0.1:{broker.port}" for broker in cluster.list_topics("falco", 10).brokers.values()]
    drained("kafka", store, f"brokers=[{','.join(brokers)}]", "topic=falco", "timeout=20")
    reader = Consumer({"bootstrap.servers": brokers[0], "group.id": "g", "auto.offset.reset": "earliest"})
    reader.subscribe(["falco"])
    found: list[tuple[str, str]] = []
    end = time.monotonic() + 30
    while len(found) < COUNT and time.monotonic() < end:
        message = reader.poll(1)
        if message is not None and not message.error():
            key, value = message.key(), message.value()
            assert key is not None
            assert value is not None
            assert message.headers() == [("falco-alert-id", key)]
            found.append((key.decode(), value.decode()))
    reader.close()
    # A topic keeps the order within a partition, and the key chooses that.
    assert sorted(found) == sorted(expected)
    cluster.flush(1)


def test_alertmanager(tmp_path, store, expected):
    port = free_port()
    (tmp_path / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    command = [
        *("prometheus-alertmanager", f"--config.file={tmp_path}/am.yml", f"--storage.path={tmp_path}/data"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
    ]
    with running(command, port, tmp_path):
        drained("alertmanager", store, f"url=http://127.0.0.1:{port}")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=20) as answer:
            found = [(a["labels"]["falco_alert_id"], a["annotations"]["json"]) for a in json.load(answer)]
    assert sorted(found) == expected


@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls"])
def test_smtp(store, pki, scheme):
    alerts = fill(store, 30)
    mails = []

    class Box:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd looks for this name
            mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            return "250 OK"

    options: dict[str, Any] = {}
    if scheme == "smtp+starttls":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pki / "server.pem", pki / "server.key")
        options = {"tls_context": context, "require_starttls": True}
    controller = Controller(Box(), hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        settings = [f"url={scheme}://localhost:{controller.port}", "sender=a@x", "recipients=[b@x]"]
        drained("smtp", store, *settings, f"ca_file={pki}/ca.pem")
    finally:
        controller.stop()
    assert [mail["Message-ID"].split("@")[0] for mail in mails] == [f"<{alert.id}" for alert in alerts]
    assert all(alert.json in mail.get_content() for alert, mail in zip(alerts, mails, strict=True))


def nginx(folder: Path, pki: Path, port: int, behind: str) -> Path:
    """A configuration of nginx that asks clients for a certificate and hands requests on."""
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 64; }}
        http {{
          access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
          fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
          server {{
            listen 127.0.0.1:{port} ssl;
            ssl_certificate {pki}/server.pem; ssl_certificate_key {pki}/server.key;
            ssl_client_certificate {pki}/ca.pem; ssl_verify_client on;
            location / {{ proxy_pass {behind}; }}
          }}
        }}
        """
    )
    return folder / "nginx.conf"


def test_webhook_through_nginx_with_certificates_on_both_sides(tmp_path, store, expected, pki):
    port = free_port()
    with serving() as behind:
        conf = nginx(tmp_path, pki, port, behind.url)
        with running(["nginx", "-c", conf, "-e", tmp_path / "error.log"], port, tmp_path):
            url, trust = f"url=https://localhost:{port}/hook", f"ca_file={pki}/ca.pem"
            with forwarding("webhook", store, url, trust, "max_dead_letters=0"):
                log = store.parent / "forwarder.log"
                until(lambda: "the server answered 400" in log.read_text(), "nginx's refusal")
            assert behind.requests == []
            drained("webhook", store, url, trust, f"cert_file={pki}/client.pem", f"key_file={pki}/client.key")
    assert [(r.headers["X-Falco-Alert-Id"], r.body.decode()) for r in behind.requests] == expected


def test_a_certificate_of_nobody_we_trust_is_told_once(tmp_path, store, pki):
    fill(store, 5)
    port = free_port()
    conf = nginx(tmp_path, pki, port, "http://127.0.0.1:1")
    with (
        running(["nginx", "-c", conf, "-e", tmp_path / "error.log"], port, tmp_path),
        forwarding("webhook", store, f"url=https://localhost:{port}/"),
    ):
        log = store.parent / "forwarder.log"
        until(lambda: "certificate verify failed" in log.read_text(), "the first try")
        time.sleep(1)  # At most 0.2 s between two tries, so there are more.
    assert log.read_text().count("certificate verify failed") == 1


def test_program(tmp_path, store):
    expected = [(alert.id, alert.json) for alert in fill(store, 20)]
    seen = tmp_path / "seen"
    drained("program", store, f'program=printf "%s " "$FALCO_ALERT_ID" >>{seen}; cat >>{seen}')
    assert [tuple(line.split(" ", 1)) for line in seen.read_text().splitlines()] == expected
