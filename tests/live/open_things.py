"""A process that opens one of everything, tells what it did as JSON, and waits until its input ends."""

from __future__ import annotations

import ctypes
import json
import os
import select
import socket
import sys
import threading
from pathlib import Path

HOSTILE = b"a) R 1 \n("
KEPT: list[object] = []


def main(place: Path, family: int) -> None:
    """Open files below place and sockets, write down which fd is what."""
    Path("/proc/self/comm").write_bytes(HOSTILE)
    told = files(place) | sockets(place, socket.AddressFamily(family))
    told["threads"] = threads()
    told["pid"] = os.getpid()
    print(json.dumps(told), flush=True)
    sys.stdin.read()


def files(place: Path) -> dict[str, object]:
    """Files, a directory, pipes and files without a name."""
    libc = ctypes.CDLL(None)
    (place / "gone").touch()
    told = {
        "append": os.open(place / "data", os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        "odd": os.open(bytes(place) + b"/o\xff\nd", os.O_RDWR | os.O_CREAT),
        "gone": os.open(place / "gone", os.O_RDONLY),
        "directory": os.open(place, os.O_RDONLY | os.O_DIRECTORY),
        "pipe": os.pipe()[0],
        "event": os.eventfd(0),
        "memory": os.memfd_create("mine"),
        "inotify": libc.inotify_init1(0),
        "timer": libc.timerfd_create(1, 0),
        "signal": libc.signalfd(-1, ctypes.create_string_buffer(128), 0),
    }
    (place / "gone").unlink()
    poll = select.epoll()
    KEPT.append(poll)
    return {**told, "poll": poll.fileno()}


def sockets(place: Path, family: socket.AddressFamily) -> dict[str, object]:
    """A listener and a connection, datagrams, unix sockets, netlink; of IPv6 the connection is a mapped IPv4 one."""
    six = family == socket.AF_INET6
    listener = socket.socket(family)
    if six:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::" if six else "127.0.0.1", 0))
    listener.listen(1)
    port = listener.getsockname()[1]
    client = socket.create_connection(("127.0.0.1", port))
    server = listener.accept()[0]
    bound, sender = socket.socket(family, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("::1" if six else "127.0.0.1", 0))
    sender.connect(("127.0.0.1", 53))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(place / "unix"))
    unix.listen(1)
    fresh, netlink = socket.socket(family), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    named = {
        "listener": listener, "client": client, "server": server, "bound": bound, "sender": sender, "unix": unix,
        "fresh": fresh, "netlink": netlink,
    }  # fmt: skip
    KEPT.append(named)
    ports = {"port": port, "client_port": client.getsockname()[1], "bound_port": bound.getsockname()[1]}
    return {**{name: kept.fileno() for name, kept in named.items()}, **ports, "sender_port": sender.getsockname()[1]}


def threads() -> list[int]:
    """Two more threads."""
    started = [threading.Thread(target=threading.Event().wait, daemon=True) for _ in range(2)]
    for thread in started:
        thread.start()
    return [thread.native_id or 0 for thread in started]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
