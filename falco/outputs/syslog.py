"""Alerts to the local syslog, in the form of syslog(3): facility user, the alert's own severity.

A socket of our own instead of libc's: that one says nothing when nobody listens, and holds a lock while it waits, on
which Falco's own log would then wait too.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.outputs.output import Line
    from falco.priority import Priority

_USER = 1 << 3
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class SyslogOutput:
    """Sends datagrams to /dev/log, or writes to it where it is a stream. It is connected anew when syslogd restarts."""

    name = "syslog"
    buffered = False

    def __init__(self, path: str = "/dev/log", clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._socket: socket.socket | None = None
        self._end = b""

    def open(self) -> None:
        """Nothing yet: syslogd may start after us."""

    def write(self, lines: Sequence[Line]) -> int:
        line, priority = lines[0]
        data = self._head(priority) + line
        connected = self._socket is not None
        try:
            self._send(data)
        except OSError as error:
            self.close()
            # What was connected may be gone since: syslogd was started anew.
            if not connected or error.errno == errno.EMSGSIZE:
                raise OSError(error.errno, error.strerror, self._path) from None
            self._send(data)
        return 1

    def reopen(self) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, data: bytes) -> None:
        connected = self._connected()
        connected.sendall(data + self._end)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            try:
                self._socket, self._end = _connect(self._path, socket.SOCK_DGRAM), b""
            except OSError as error:
                if error.errno != errno.EPROTOTYPE:
                    raise OSError(error.errno, error.strerror, self._path) from None
                self._socket, self._end = _connect(self._path, socket.SOCK_STREAM), b"\0"
        return self._socket

    def _head(self, priority: Priority) -> bytes:
        now = time.localtime(self._clock())
        # The months' names are fixed by RFC 3164 whatever the locale is.
        stamp = f"{_MONTHS[now.tm_mon - 1]} {now.tm_mday:2} {now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
        return f"<{_USER | priority}>{stamp} falco[{os.getpid()}]: ".encode()


def _connect(path: str, kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, kind)
    try:
        made.connect(path)
    except OSError:
        made.close()
        raise
    return made
