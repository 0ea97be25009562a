"""What librdkafka's mock cluster lacks: a listener with TLS and SASL in front of its one broker.

Written from Kafka's protocol guide and RFC 5802. As a real broker does, it takes nothing but ApiVersions and the SASL
requests from a client that has not shown who it is, and ends the connection of one that tries.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from typing import Protocol

_METADATA, _HANDSHAKE, _API_VERSIONS, _AUTHENTICATE = 3, 17, 18, 36
_UNSUPPORTED_VERSION, _UNSUPPORTED_MECHANISM, _FAILED = 35, 33, 58
_OWN_APIS = ((_HANDSHAKE, 0, 1), (_AUTHENTICATE, 0, 1))


class Exchange(Protocol):
    """One client's way of showing who it is."""

    done: bool

    def answer(self, message: bytes) -> bytes:
        """What to say to a message; PermissionError for who is not let in."""
        ...


class Plain:
    """RFC 4616."""

    def __init__(self, users: dict[str, str]) -> None:
        self.done = False
        self._users = users

    def answer(self, message: bytes) -> bytes:
        _, user, password = message.decode().split("\0")
        if self._users.get(user) != password:
            raise PermissionError
        self.done = True
        return b""


class Scram:
    """RFC 5802, the server's side, without channel binding."""

    def __init__(self, users: dict[str, str], digest: str) -> None:
        self.done = False
        self._users, self._digest = users, digest
        self._first = b""
        self._salt = os.urandom(16)

    def answer(self, message: bytes) -> bytes:
        if not self._first:
            self._bare = message.removeprefix(b"n,,")
            fields = dict(part.split(b"=", 1) for part in self._bare.split(b","))
            self._user, self._nonce = fields[b"n"].decode(), fields[b"r"] + base64.b64encode(os.urandom(12))
            self._first = b"r=%s,s=%s,i=4096" % (self._nonce, base64.b64encode(self._salt))
            return self._first
        head, _, proof = message.rpartition(b",p=")
        if self._user not in self._users or head != b"c=biws,r=" + self._nonce:
            raise PermissionError
        salted = hashlib.pbkdf2_hmac(self._digest, self._users[self._user].encode(), self._salt, 4096)
        key = self._mac(salted, b"Client Key")
        said = b",".join((self._bare, self._first, head))
        signature = self._mac(hashlib.new(self._digest, key).digest(), said)
        if bytes(a ^ b for a, b in zip(key, signature, strict=True)) != base64.b64decode(proof):
            raise PermissionError
        self.done = True
        return b"v=" + base64.b64encode(self._mac(self._mac(salted, b"Server Key"), said))

    def _mac(self, key: bytes, text: bytes) -> bytes:
        return hmac.digest(key, text, self._digest)


class Front:
    """The listener. users are who may come in, None for everybody."""

    def __init__(self, behind: int, context: ssl.SSLContext | None, users: dict[str, str] | None) -> None:
        self._behind, self._context, self._users = behind, context, users
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.mechanisms: list[str] = []
        """Those by which clients have come in."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            inside = self._context.wrap_socket(client, server_side=True) if self._context else client
            with inside, socket.create_connection(("127.0.0.1", self._behind)) as broker:
                self._converse(inside, broker)

    def _converse(self, client: socket.socket, broker: socket.socket) -> None:
        exchange: Exchange | None = None
        name = ""
        while request := _read(client):
            api, version, correlation = struct.unpack_from(">hhi", request)
            body = request[10 + max(0, struct.unpack_from(">h", request, 8)[0]) :]
            reply = struct.pack(">i", correlation)
            if api == _API_VERSIONS:
                reply = self._api_versions(broker, request, version)
            elif api == _HANDSHAKE:
                name = body[2:].decode()
                exchange = self._exchange(name)
                reply += struct.pack(">hi", _UNSUPPORTED_MECHANISM if exchange is None else 0, 0)
            elif api == _AUTHENTICATE and exchange is not None:
                try:
                    said = exchange.answer(body[4:])
                    reply += struct.pack(">hhi", 0, -1, len(said)) + said + bytes(8) * version
                except PermissionError:
                    text = b"Authentication failed: Invalid username or password"
                    reply += struct.pack(">hh", _FAILED, len(text)) + text + bytes(4) + bytes(8) * version
                if exchange.done:
                    self.mechanisms.append(name)
            elif self._users is None or (exchange is not None and exchange.done):
                reply = self._asked(broker, request)
            else:
                return
            client.sendall(struct.pack(">i", len(reply)) + reply)

    def _exchange(self, name: str) -> Exchange | None:
        users = self._users or {}
        if name == "PLAIN":
            return Plain(users)
        digest = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}.get(name)
        return Scram(users, digest) if digest else None

    def _api_versions(self, broker: socket.socket, request: bytes, version: int) -> bytes:
        """The broker's answer and our own requests behind it, in the form that all clients can fall back to."""
        if version > 0:
            return request[4:8] + struct.pack(">hi", _UNSUPPORTED_VERSION, 0)
        reply = self._asked(broker, request)
        count = struct.unpack_from(">i", reply, 6)[0]
        own = b"".join(struct.pack(">hhh", *api) for api in _OWN_APIS)
        return reply[:6] + struct.pack(">i", count + len(_OWN_APIS)) + reply[10:] + own

    def _asked(self, broker: socket.socket, request: bytes) -> bytes:
        """The broker's answer, with our port for its own."""
        broker.sendall(struct.pack(">i", len(request)) + request)
        reply = _read(broker)
        if struct.unpack_from(">h", request)[0] == _METADATA:
            reply = reply.replace(struct.pack(">i", self._behind), struct.pack(">i", self.port))
        return reply


@contextlib.contextmanager
def front(behind: int, context: ssl.SSLContext | None, users: dict[str, str] | None) -> Iterator[Front]:
    """A listener for the time of a with block."""
    made = Front(behind, context, users)
    try:
        yield made
    finally:
        made.close()


def _read(stream: socket.socket) -> bytes:
    """The next message; empty at the end."""
    size = _exactly(stream, 4)
    return _exactly(stream, struct.unpack(">i", size)[0]) if size else b""


def _exactly(stream: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = stream.recv(count - len(data))
        if not part:
            return b""
        data += part
    return bytes(data)
