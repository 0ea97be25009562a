"""Attacks by network, in a network namespace of the process; and on what rules read: command lines and file names."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.live.attack_calls import syscall, unshare
from tests.live.uring import Uring

# -- 22-23: network -------------------------------------------------------------------------------------------------


def duplicates(way: str) -> Callable[[Path], None]:
    """A connection becomes standard input."""

    def act(_: Path) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        number = socket.create_connection(listener.getsockname()).detach()
        if way == "dup2":
            os.dup2(number, 0)
        elif way == "dup3":
            syscall(292, number, 0, 0)
        else:
            os.close(0)
            fcntl.fcntl(number, fcntl.F_DUPFD, 0)

    return act


def python_terminal(_: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    code = (
        "import socket, os, pty, sys\n"
        "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "[os.dup2(s.fileno(), number) for number in (0, 1, 2)]\n"
        "pty.spawn(['/bin/sh', '-c', ':'])"
    )
    subprocess.run([sys.executable, "-c", code, str(listener.getsockname()[1])], check=False)


SIX, FOUR = "fd00:6661:6c63::1", "10.111.0.1"


def talks(way: str) -> Callable[[Path], None]:
    """Reach another address in one way, inside a network namespace of this process."""

    def act(_: Path) -> None:
        unshare(0x40000000)
        for command in (f"addr add {FOUR}/24 dev lo", "link set lo up", f"-6 addr add {SIX}/64 dev lo nodad"):
            subprocess.run(["ip", *command.split()], check=True)
        _TALKS[way]()

    return act


def _connects(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as listener:
        listener.bind(("::" if family == socket.AF_INET6 else FOUR, 9999))
        listener.listen(1)
        with socket.socket(family) as client:
            client.connect((address, 9999))


def _datagram() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _sends_many() -> None:
    address = ctypes.create_string_buffer(struct.pack("=H", 2) + struct.pack(">H", 9999) + socket.inet_aton(FOUR), 16)
    text = ctypes.create_string_buffer(b"x")
    vector = ctypes.create_string_buffer(struct.pack("=QQ", ctypes.addressof(text), 1))
    head = struct.pack("=QQQQQQQQ", ctypes.addressof(address), 16, ctypes.addressof(vector), 1, 0, 0, 0, 0)
    with _datagram() as sender:
        syscall(307, sender.fileno(), ctypes.create_string_buffer(head), 1, 0)


def _fast_open(way: str) -> None:
    with socket.create_server((FOUR, 9999)), socket.socket() as client:
        if way == "sendto":
            client.sendto(b"x", socket.MSG_FASTOPEN, (FOUR, 9999))
        else:
            client.sendmsg([b"x"], [], socket.MSG_FASTOPEN, (FOUR, 9999))


def _uring_connects() -> None:
    address = struct.pack("=H", 2) + struct.pack(">H", 9999) + socket.inet_aton(FOUR) + bytes(8)
    with socket.create_server((FOUR, 9999)), socket.socket() as client, Uring() as uring:
        assert uring.connect(client.fileno(), address) == 0


_TALKS: dict[str, Callable[[], object]] = {
    "v4": lambda: _connects(socket.AF_INET, FOUR),
    "v6": lambda: _connects(socket.AF_INET6, SIX),
    "mapped": lambda: _connects(socket.AF_INET6, f"::ffff:{FOUR}"),
    "sendto": lambda: _datagram().sendto(b"x", (FOUR, 9999)),
    "sendmsg": lambda: _datagram().sendmsg([b"x"], [], 0, (FOUR, 9999)),
    "sendmmsg": _sends_many,
    "fast open": lambda: _fast_open("sendto"),
    "fast open by sendmsg": lambda: _fast_open("sendmsg"),
    "io_uring": _uring_connects,
}


def vsock(_: Path) -> None:
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()


def abstract_engine(_: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(f"\0/run/falco-attack-{os.getpid()}/docker.sock")
        listener.listen(1)
        client.connect(listener.getsockname())


# -- 24-27: what rules read -----------------------------------------------------------------------------------------


def comment(place: Path) -> None:
    (place / "httpd").symlink_to(os.path.realpath(sys.executable))
    code = "import subprocess; subprocess.run(['sh', '-c', 'uname -r; : evil # sh -c uname -r'])"
    subprocess.run([place / "httpd", "-IS", "-c", code], check=True, stdout=subprocess.DEVNULL)


def known_beginning(place: Path) -> None:
    """A web server's shell begins with what it is known to run."""
    (place / "httpd").symlink_to(os.path.realpath(sys.executable))
    code = "import subprocess; subprocess.run(['sh', '-c', '/usr/bin/rotatelogs /dev/null; : evil'])"
    subprocess.run([place / "httpd", "-IS", "-c", code], check=True, stderr=subprocess.DEVNULL)


def searches(command: str) -> Callable[[Path], None]:
    environment = {"NAME": "id_r", "PATH": os.environ["PATH"]}

    def act(place: Path) -> None:
        subprocess.run(["sh", "-c", command], cwd=place, check=True, env=environment)

    return act


def long_command_line(place: Path) -> None:
    padding = [word for number in range(700) for word in ("-not", "-name", f"padding-{number}")]
    subprocess.run(["find", place, *padding, "-name", "id_rsa"], check=True)


def odd_arguments(place: Path) -> None:
    subprocess.run(["find", place, "-name", '"}\n\x1b[2J\udcff,{"', "-o", "-name", "id_rsa"], check=True)


def forges(_: Path) -> None:
    name = "/etc/falco-attack-\n12:00:00.0: Emergency forged\x1b[2J\r"
    Path(name).touch()
    Path(name).unlink()


def odd_names(_: Path) -> None:
    for name in ("/etc/falco-attack-\udcff", "/etc/falco-attack-\n"):
        Path(name).touch()
        Path(name).unlink()
