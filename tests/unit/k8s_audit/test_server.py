from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import time

import pytest

from falco.config_schema import Webserver
from falco.errors import FalcoError
from falco.k8s_audit import server as module
from falco.k8s_audit.connection import Patience
from falco.k8s_audit.queue import AuditQueue
from falco.k8s_audit.server import WebServer
from falco.logs import LOG
from tests.certificates import authority, signed

EVENT = b'{"kind":"Event","auditID":"a","stageTimestamp":"2019-05-13T08:00:00Z"}'
JSON = {"Content-Type": "application/json"}
SLOW = Patience(linger_s=0.2)
QUICK = Patience(head_s=0.3, body_s=0.3, idle_s=5, linger_s=0.2)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    ca, other = authority(folder, "ca"), authority(folder, "other")
    return {
        "ca": ca,
        **{n: signed(folder, n, ca) for n in ("server", "client")},
        "stranger": signed(folder, "s", other),
    }


@pytest.fixture
def log():
    """The lines that the log gets."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    before = LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    yield lines
    LOG.removeHandler(handler)
    LOG.setLevel(before)


@contextlib.contextmanager
def serving(patience=SLOW, limit=1 << 20, **settings):
    queue = AuditQueue(limit)
    server = WebServer(Webserver(listen_address="127.0.0.1", listen_port=0, **settings), queue, patience)
    server.start()
    try:
        yield server, queue
    finally:
        server.stop()


def posted(server, *, context=None, body=EVENT):
    kind = http.client.HTTPConnection if context is None else http.client.HTTPSConnection
    more = {} if context is None else {"context": context}
    client = kind("127.0.0.1", server.port, timeout=10, **more)
    try:
        client.request("POST", "/k8s_audit?timeout=30s", body, JSON)
        return client.getresponse().status
    finally:
        client.close()


def trusting(files, client=None):
    context = ssl.create_default_context(cafile=str(files["ca"]))
    if client is not None:
        context.load_cert_chain(files[client])
    return context


def test_events_are_taken_and_counted(log):
    with serving() as (server, queue):
        assert [posted(server), posted(server), posted(server, body=b"{")] == [200, 200, 400]
    assert (len(queue), server.counts.accepted, server.counts.answers) == (2, 2, {200: 2, 400: 1})
    assert [line for line in log if "400" in line] == [
        "webserver: 127.0.0.1: 400 not JSON at character 1: a key is expected"
    ]


def test_tls(files):
    with serving(ssl_enabled=True, ssl_certificate=str(files["server"])) as (server, _):
        assert posted(server, context=trusting(files)) == 200
        with pytest.raises((http.client.HTTPException, OSError)):
            posted(server)


def test_clients_need_a_certificate_where_authorities_are_given(files):
    settings = {"ssl_enabled": True, "ssl_certificate": str(files["server"]), "ssl_client_ca": str(files["ca"])}
    with serving(**settings) as (server, queue):
        assert posted(server, context=trusting(files)) == 403
        assert posted(server, context=trusting(files, "client")) == 200
        with pytest.raises((http.client.HTTPException, OSError)):
            posted(server, context=trusting(files, "stranger"))
        assert len(queue) == 1


def test_certificates_can_be_renewed(files, tmp_path):
    path = tmp_path / "server.pem"
    path.write_bytes(files["stranger"].read_bytes())
    with serving(ssl_enabled=True, ssl_certificate=str(path)) as (server, _):
        with pytest.raises(ssl.SSLCertVerificationError):
            posted(server, context=trusting(files))
        path.write_bytes(files["server"].read_bytes())
        server.renew()
        assert posted(server, context=trusting(files)) == 200
        path.write_text("no certificate")
        with pytest.raises(FalcoError):
            server.renew()
        assert posted(server, context=trusting(files)) == 200


def test_whoever_says_nothing_is_cut_off(files, log, monkeypatch):
    monkeypatch.setattr(module, "_HANDSHAKE_S", 0.3)
    for settings in ({}, {"ssl_enabled": True, "ssl_certificate": str(files["server"])}):
        with (
            serving(QUICK, **settings) as (server, _),
            socket.create_connection(("127.0.0.1", server.port), 10) as client,
        ):
            assert client.recv(1) == b""
    assert sum("too slow" in line or "handshake" in line for line in log) == 2


def test_no_more_connections_than_the_bound_are_served_at_once(monkeypatch):
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 3)
    with serving(Patience(head_s=1)) as (server, _), contextlib.ExitStack() as held:
        for _ in range(7):
            held.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
        until = time.monotonic() + 10
        while len(server._clients) < 3:
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(0.1)
        assert len(server._clients) == 3
        assert posted(server) == 200, "the others have their turn when the silent ones are cut off"


def test_idle_connections_do_not_keep_others_out(monkeypatch):
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 4)
    with serving(Patience(head_s=0.3, idle_s=60)) as (server, _), contextlib.ExitStack() as held:
        for _ in range(4):
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            held.callback(client.close)
            client.request("GET", "/healthz")
            assert client.getresponse().read() == b'{"status": "ok"}\n'
        started = time.monotonic()
        assert posted(server) == 200
        assert time.monotonic() - started < 10


def test_complaints_do_not_fill_the_log(log):
    with serving() as (server, _):
        for _ in range(module._LINES + 15):
            posted(server, body=b"x")
    assert sum("400" in line for line in log) == module._LINES
    assert "webserver: 15 more complaints like these" in log


def test_a_defect_ends_one_connection_only(log, monkeypatch):
    with serving() as (server, _):
        with monkeypatch.context() as broken:
            broken.setattr(module, "Connection", lambda *_: 1 / 0)
            with pytest.raises((http.client.HTTPException, OSError)):
                posted(server)
        assert posted(server) == 200
    assert "webserver: internal error: ZeroDivisionError: division by zero" in log


def test_an_address_that_cannot_be_listened_on():
    with serving() as (server, _), pytest.raises(FalcoError, match=r"cannot listen on 127\.0\.0\.1, port"):
        WebServer(Webserver(listen_address="127.0.0.1", listen_port=server.port), AuditQueue(1))
    with pytest.raises(FalcoError, match=r"cannot listen on 203\.0\.113\.1"):
        WebServer(Webserver(listen_address="203.0.113.1"), AuditQueue(1))


def test_a_server_that_never_started_can_be_stopped():
    server = WebServer(Webserver(listen_address="127.0.0.1", listen_port=0), AuditQueue(1))
    server.stop()
    server.stop()


def test_all_addresses_of_both_families():
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6")
    queue = AuditQueue(1 << 20)
    server = WebServer(Webserver(listen_address="::", listen_port=0), queue)
    server.start()
    try:
        assert posted(server) == 200
    finally:
        server.stop()
