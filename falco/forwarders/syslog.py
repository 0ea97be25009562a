"""Alerts to a syslog server, RFC 5424, over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425).

Syslog acknowledges nothing. Over TCP and TLS an alert counts as delivered when the server's kernel has it; when a
connection breaks, what was sent in the last seconds before is sent again, because the server may not have read it.
UDP promises nothing at all.
"""

from __future__ import annotations

import array
import collections
import contextlib
import datetime
import errno
import fcntl
import os
import re
import socket
import ssl
import termios
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from falco.config_forwarders import SYSLOG_FACILITIES
from falco.escape import escape_controls
from falco.forwarders import tls
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.text import line

if TYPE_CHECKING:
    from falco.config_forwarders import Syslog
    from falco.store.record import StoredAlert

_PORTS = {"udp": 514, "tcp": 514, "tls": 6514}
_SENT_AGAIN_S = 30.0
_SENT_AGAIN = 1000
_QUOTED = re.compile(r'["\\\]]')
_NOT_NAME = re.compile(r"[^\x21-\x7e]")


class SyslogDestination:
    """Messages, one for each alert; its id is in the structured data, [falco@32473 id="..."]."""

    batch = 100

    def __init__(self, settings: Syslog) -> None:
        """TryLaterError never comes from here; ValueError does for a URL that is none."""
        url = urlsplit(settings.url)
        if url.scheme not in _PORTS or not url.hostname:
            raise ValueError(f"{settings.url}: expected udp://HOST, tcp://HOST or tls://HOST, and perhaps a port")
        self._settings = settings
        self._scheme, self._address = url.scheme, (url.hostname, url.port or _PORTS[url.scheme])
        self._socket: socket.socket | None = None
        self._recent: collections.deque[tuple[float, bytes]] = collections.deque(maxlen=_SENT_AGAIN)
        self._broken = False
        self._failures = 0
        host = settings.hostname or socket.gethostname()
        self._host = _NOT_NAME.sub("", host)[:255] or "-"
        self._facility = SYSLOG_FACILITIES.index(settings.facility)

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        messages = [self.message(alert) for alert in alerts]
        try:
            if self._scheme == "udp":
                for message in messages:
                    self._connected().sendall(message)
                    yield 1
                return
            self._stream([b"%d %s" % (len(message), message) for message in messages])
        except OSError as error:
            self._break()
            if error.errno == errno.EMSGSIZE:
                raise RefusedError("too long for a datagram") from None
            raise TryLaterError(f"{self._settings.url}: {error.strerror or error}") from None
        yield len(messages)

    def idle(self) -> None:
        """A server that has gone may have read only a part: then that is sent again, before anything else."""
        if self._socket is None or self._scheme == "udp":
            return
        try:
            self._check()
        except OSError as error:
            self._break()
            raise TryLaterError(f"{self._settings.url}: {error.strerror or error}") from None

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def message(self, alert: StoredAlert) -> bytes:
        """The message of an alert."""
        at = datetime.datetime.fromtimestamp(alert.time_ns // 1_000_000_000, datetime.UTC)
        stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{alert.time_ns // 1000 % 1_000_000:06}Z"
        values = (("id", alert.id), ("rule", alert.rule), ("priority", alert.priority.label), ("source", alert.source))
        data = " ".join(f'{name}="{_value(value)}"' for name, value in values)
        text = alert.json if self._settings.format == "json" else line(alert)
        head = f"<{self._facility << 3 | alert.priority}>1 {stamp} {self._host} falco {os.getpid()} alert"
        return f"{head} [falco@32473 {data}] \ufeff{text}".encode("utf-8", "replace")

    def _stream(self, frames: list[bytes]) -> None:
        stream = self._connected()
        if self._broken:
            since = time.monotonic() - _SENT_AGAIN_S
            frames = [frame for at, frame in self._recent if at > since] + frames
            self._recent.clear()
            self._broken = False
        self._check()
        now = time.monotonic()
        self._recent.extend((now, frame) for frame in frames)
        stream.sendall(b"".join(frames))
        self._wait_until_taken(stream)

    def _wait_until_taken(self, stream: socket.socket) -> None:
        """Wait until the other side's kernel has acknowledged all bytes (SIOCOUTQ, which TIOCOUTQ is too)."""
        left = array.array("i", [1])
        deadline = time.monotonic() + self._settings.timeout
        while left[0]:
            fcntl.ioctl(stream.fileno(), termios.TIOCOUTQ, left)
            if left[0] and time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "the server takes nothing")
            if left[0]:
                time.sleep(0.001)
        self._check()

    def _check(self) -> None:
        """Raise OSError if the server has closed the connection: a syslog server never sends anything."""
        stream = self._connected()
        stream.setblocking(False)
        try:
            if stream.recv(4096) == b"":
                raise ConnectionResetError(errno.ECONNRESET, "the server has closed the connection")
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            stream.settimeout(self._settings.timeout)

    def _break(self) -> None:
        self._failures += 1
        self._broken = self._broken or self._socket is not None
        self.close()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            if self._scheme == "udp":
                found = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)
                # A host has several addresses, and nobody may listen on the first: each failure takes the next one.
                family, kind, _, _, address = found[self._failures % len(found)]
                made = socket.socket(family, kind)
                made.connect(address)
            else:
                made = socket.create_connection(self._address, self._settings.timeout)
                made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._scheme == "tls":
                made = tls.context(self._settings).wrap_socket(made, server_hostname=self._address[0])
            made.settimeout(self._settings.timeout)
            self._socket = made
        return self._socket


def _value(text: str) -> str:
    return _QUOTED.sub(r"\\\g<0>", escape_controls(text))
