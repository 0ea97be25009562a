"""A process that gets something ready, says so, waits for a line and then goes on: waiting.py ROLE PLACE."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path


def stream(place: Path) -> Callable[[], None]:
    """A connection to itself over TCP, both ends; the listening socket stays."""
    del place
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    served, _ = server.accept()

    def act() -> None:
        client.send(b"x")
        served.recv(10)
        served.send(b"y")
        client.recv(10)
        later = socket.create_connection(server.getsockname())
        server.accept()[0].send(b"z")
        later.recv(10)

    return act


def datagram(place: Path) -> Callable[[], None]:
    """A bound socket and one that was connected to it."""
    del place
    bound, sender = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    bound.bind(("127.0.0.1", 0))
    sender.connect(bound.getsockname())

    def act() -> None:
        sender.send(b"x")
        bound.recvfrom(10)

    return act


def file(place: Path) -> Callable[[], None]:
    """An open file that has been renamed since."""
    fd = os.open(place / "early", os.O_CREAT | os.O_RDWR)
    (place / "early").rename(place / "late")
    return lambda: os.fchmod(fd, 0o600)


def chrooted(place: Path) -> Callable[[], None]:
    """A process that sees another root."""
    (place / "root").mkdir()
    os.chroot(place / "root")
    os.chdir("/")
    return lambda: os.close(os.open("/inside", os.O_CREAT | os.O_WRONLY))


def plain(place: Path) -> Callable[[], None]:
    """A process that opens a file."""
    return lambda: os.close(os.open(place / "plain", os.O_CREAT | os.O_WRONLY))


ROLES = {role.__name__: role for role in (stream, datagram, file, chrooted, plain)}

if __name__ == "__main__":
    action = ROLES[sys.argv[1]](Path(sys.argv[2]))
    print("ready", flush=True)
    sys.stdin.readline()
    action()
