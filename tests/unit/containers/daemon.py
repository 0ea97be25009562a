"""A daemon at a Unix socket that answers what a test tells it to, byte for byte."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self


def reply(row, status=200):
    """An answer with JSON."""
    return raw_reply(json.dumps(row).encode(), status)


def raw_reply(body, status=200):
    """An answer with these bytes."""
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body)


def chunk(text):
    """A chunk of an answer without a length."""
    raw = text.encode()
    return b"%x\r\n%b\r\n" % (len(raw), raw)


class Daemon:
    """Answers requests by path; the path begins behind the API's version. asked are the paths in order.

    An answer is bytes, or a function of the connection that sends what it likes.
    """

    def __init__(self, path: Path, **answers):
        self.path = path
        self.asked: list[str] = []
        self.answers = {"/version": reply({"Version": "1.2", "ApiVersion": "1.41"}), **answers}
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(16)
        self._thread = threading.Thread(target=self._serve)
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for connection in self._open:
            connection.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            with suppress(OSError):
                self._answer(connection)

    def _answer(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return
            head += piece
        path = head.split(b" ")[1].decode()
        path = path.removeprefix("/v1.41")
        self.asked.append(path)
        answer = self.answers.get(path.partition("?")[0], reply({"message": "No such container"}, 404))
        if callable(answer):
            answer(connection)
        else:
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_RDWR)
