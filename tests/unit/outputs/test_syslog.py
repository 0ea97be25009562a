from __future__ import annotations

import calendar
import os
import socket
import time
from pathlib import Path

import pytest

from falco.outputs.syslog import SyslogOutput
from falco.priority import Priority

AT = calendar.timegm((2026, 11, 5, 4, 3, 2, 0, 0, 0))
LINES = [(b"16:17:57.0: Warning seen", Priority.WARNING)]
SENT = f"<12>Nov  5 04:03:02 falco[{os.getpid()}]: 16:17:57.0: Warning seen".encode()


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "log")


def listening(path, kind=socket.SOCK_DGRAM):
    made = socket.socket(socket.AF_UNIX, kind)
    made.settimeout(20)
    made.bind(path)
    if kind == socket.SOCK_STREAM:
        made.listen()
    return made


def test_an_alert_becomes_a_datagram_of_its_severity(path):
    output = SyslogOutput(path, lambda: AT)
    output.open()
    with listening(path) as server:
        assert output.write(LINES) == 1
        assert server.recv(1000) == SENT
        output.write([(b"x", Priority.EMERGENCY)])
        assert server.recv(1000).startswith(b"<8>")
    output.close()


def test_a_stream_is_spoken_to_as_well(path):
    output = SyslogOutput(path, lambda: AT)
    with listening(path, socket.SOCK_STREAM) as server:
        output.write(LINES)
        with server.accept()[0] as connection:
            assert connection.recv(1000) == SENT + b"\0"
    output.close()


def test_nobody_listening_is_an_error_that_names_the_socket(path):
    with pytest.raises(OSError, match=f"No such file.*{path}"):
        SyslogOutput(path).write(LINES)


def test_a_syslogd_that_was_started_anew_is_found_again(path):
    output = SyslogOutput(path, lambda: AT)
    with listening(path):
        output.write(LINES)
    Path(path).unlink()
    with pytest.raises(OSError, match="No such file"):
        output.write(LINES)
    with listening(path) as server:
        output.write(LINES)
        assert server.recv(1000) == SENT
    Path(path).unlink()
    with listening(path) as server:
        output.write(LINES)
        assert server.recv(1000) == SENT
    output.close()


def test_an_alert_that_is_too_long_is_refused_and_the_next_goes_on(path):
    output = SyslogOutput(path, lambda: AT)
    with listening(path) as server:
        with pytest.raises(OSError, match="Message too long"):
            output.write([(b"x" * 10_000_000, Priority.DEBUG)])
        output.write(LINES)
        assert server.recv(1000) == SENT
    output.close()
