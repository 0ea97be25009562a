from __future__ import annotations

import dataclasses
import os
import re
import socket
import time

import pytest

from falco.config_forwarders import Syslog
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.syslog import SyslogDestination
from falco.priority import Priority
from tests.unit.forwarders.samples import NASTY, stored


def destination(url, **changes):
    return SyslogDestination(dataclasses.replace(Syslog(url=url, hostname="host", timeout=5), **changes))


def test_a_message_is_rfc_5424():
    alert = stored(priority=Priority.CRITICAL)
    message = destination("udp://x", facility="local3").message(alert).decode()
    head = f"<154>1 2016-08-04T16:17:57.882054Z host falco {os.getpid()} alert "
    data = f'[falco@32473 id="{alert.id}" rule="Write below etc" priority="Critical" source="syscall"] '
    assert message == f"{head}{data}\ufeff{alert.json}"


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_breaks_out_of_a_message(form):
    message = destination("udp://x", format=form).message(stored(rule=NASTY, text=NASTY)).decode()
    assert len(message.splitlines()) == 1
    assert r'rule="a \"b\" \\ \] <!channel>' in message
    assert re.fullmatch(r'<\d+>1 \S+ \S+ falco \d+ alert \[falco@32473( \w+="(\\.|[^"\\\]])*"){4}\] .*', message)


def test_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        sender = destination(f"udp://127.0.0.1:{server.getsockname()[1]}")
        assert list(sender.send([stored(1), stored(2)])) == [1, 1]
        assert [server.recv(65536) for _ in range(2)] == [sender.message(stored(1)), sender.message(stored(2))]
        with pytest.raises(RefusedError, match="too long"):
            list(sender.send([stored(text="x" * 100_000)]))
        sender.close()


class Stream:
    """A server that reads octet-counted frames from one connection after another."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.listening.settimeout(20)
        self.url = f"tcp://127.0.0.1:{self.listening.getsockname()[1]}"

    def accept(self):
        connection = self.listening.accept()[0]
        connection.settimeout(20)
        return connection

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()


def frames(connection, count):
    data = b""
    found: list[bytes] = []
    while len(found) < count:
        size, space, rest = data.partition(b" ")
        if space and len(rest) >= int(size):
            found.append(rest[: int(size)])
            data = rest[int(size) :]
        else:
            more = connection.recv(65536)
            assert more
            data += more
    assert data == b""
    return found


def test_frames_over_a_stream():
    with Stream() as server:
        sender = destination(server.url)
        alerts = [stored(1), stored(2, text="é" * 1000)]
        assert list(sender.send(alerts)) == [2]
        with server.accept() as connection:
            assert frames(connection, 2) == [sender.message(alert) for alert in alerts]
            assert list(sender.send([stored(3)])) == [1]
            assert frames(connection, 1) == [sender.message(stored(3))]
            sender.close()


@pytest.mark.parametrize("noticed", ["idle", "send"])
def test_what_a_server_may_not_have_read_before_it_died_is_sent_again(noticed):
    with Stream() as server:
        sender = destination(server.url)
        assert list(sender.send([stored(1), stored(2)])) == [2]
        server.accept().close()
        time.sleep(0.05)
        with pytest.raises(TryLaterError):
            sender.idle() if noticed == "idle" else list(sender.send([stored(3)]))
        assert list(sender.send([stored(3)])) == [1]
        with server.accept() as connection:
            assert frames(connection, 3) == [sender.message(stored(seq)) for seq in (1, 2, 3)]
        sender.close()


def test_nobody_listening(closed_port):
    with pytest.raises(TryLaterError, match="refused"):
        list(destination(f"tcp://127.0.0.1:{closed_port}").send([stored()]))


def test_a_server_that_takes_nothing():
    with Stream() as server:
        sender = destination(server.url, timeout=0.3)
        with pytest.raises(TryLaterError, match=r"timed out|takes nothing"):
            for _ in range(100):
                list(sender.send([stored(text="x" * 100_000)]))
        sender.close()


@pytest.mark.parametrize("url", ["", "host:514", "http://x", "tcp://"])
def test_what_is_no_url_of_syslog(url):
    with pytest.raises(ValueError, match="expected udp://HOST"):
        destination(url)
