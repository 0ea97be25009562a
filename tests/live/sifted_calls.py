"""Calls of the kinds that the sieve looks at, made for real, and what the plain meaning has to know of each.

What is known of a call is taken from its event and the facts in it, by other ways than the probe's text goes.
"""

# Calls are made here by their own names.
# ruff: noqa: PTH101, PTH102, PTH106, PTH108, PTH109

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import itertools
import os
import resource
import socket
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path as Folder
from typing import TYPE_CHECKING, cast

from falco.capture.probe.sieve_text import PASSED
from falco.capture.probe.sifted import SIFTED, Group, Sifted
from falco.capture.probe.text import event_of
from falco.events import facts
from falco.events.decode import EventError, unsigned
from falco.events.paths import PATHS
from falco.events.table import GENERIC_X
from falco.filter.superset import Kind, Number, Param, Path
from falco.state.fds import FdType, Role
from falco.state.network import V4_MAPPED

if TYPE_CHECKING:
    from falco.capture.probe.call import Base
    from tests.live.watching import Seen

LONGEST = 256
AT_FDCWD, FOLLOW, CLONE_SYSVSEM = -100, 0x400, 0x40000
"""FOLLOW is AT_SYMLINK_FOLLOW."""
RENAMEAT2, PIDFD_GETFD, NAME_TO_HANDLE_AT, OPEN_BY_HANDLE_AT, RECVMMSG = 316, 438, 303, 304, 299
_LIBC = ctypes.CDLL(None)
ROLES = {"n": facts.NAMED, "s": facts.SOURCE, "t": facts.TARGET}
OTHER = "127.0.0.9"
BY_NAME = {each.call.name: each for each in SIFTED}
_BY_EVENT: dict[tuple[int, int | None], Sifted] = {}
for _sifted in SIFTED:
    _BY_EVENT.setdefault(event_of(_sifted.call, "X"), _sifted)
CODES = frozenset(number for number, _ in _BY_EVENT)
SYSCALLS = frozenset(call for _, call in _BY_EVENT if call is not None)
"""The numbers of those that are generic events."""
_KINDS = {
    FdType.IPV4_SOCK: Kind.INET, FdType.IPV6_SOCK: Kind.INET, FdType.IPV4_SERVSOCK: Kind.INET,
    FdType.IPV6_SERVSOCK: Kind.INET, FdType.UNIX_SOCK: Kind.UNIX, FdType.FILE_V2: Kind.FILE,
    FdType.DIRECTORY: Kind.DIRECTORY, FdType.FIFO: Kind.PIPE,
}  # fmt: skip


def open_by_handle(path: str, flags: int) -> None:
    """Open a file by the handle that its file system knows it by."""
    handle, mount = (ctypes.c_char * 136)(), ctypes.c_int()
    handle[0] = b"\x80"
    _LIBC.syscall(NAME_TO_HANDLE_AT, AT_FDCWD, os.fsencode(path), handle, ctypes.byref(mount), 0)
    directory = os.open(Folder(path).parent, os.O_RDONLY)
    fd = _LIBC.syscall(OPEN_BY_HANDLE_AT, directory, handle, flags)
    os.close(directory)
    if fd >= 0:
        os.close(fd)


def make_names(place: Folder) -> None:
    """Calls that are given paths: relative and absolute, through directories, with dots, that fail."""
    here = os.getcwd()
    os.chdir(place)
    directory = os.open(place, os.O_RDONLY)
    try:
        for name in ("made", f"{place}/made", "sub/made", "./made", "sub/../made", "//made", "made//", "w"):
            with contextlib.suppress(OSError):
                os.mkdir(name)
            with contextlib.suppress(OSError):
                os.rmdir(name)
        for name in ("needle-1", "x.so", f"{place}/gone.so", "sub/passwd", "none/passwd", "passwd2"):
            with contextlib.suppress(OSError):
                (place / name).write_text("x")
            with contextlib.suppress(OSError):
                os.unlink(name)
            with contextlib.suppress(OSError):
                os.mknod(name)
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=directory)
        os.mkdir("/falco-sieve-test")
        os.chdir("/")
        os.rmdir("falco-sieve-test")
    finally:
        os.close(directory)
        os.chdir(here)


def make_pairs(place: Folder) -> None:
    """Calls that are given two paths, and those that make links: each kind of name beside each other."""
    here = os.getcwd()
    os.chdir(place)
    directory = os.open(place / "sub", os.O_RDONLY)
    names = ("pair", "x.so", "sub/passwd", f"{place}/made", "./needle-2", "made//", "sub/..", "none/x", "n" * 250)
    try:
        for one, other in itertools.product(names, names):
            (place / "pair").write_text("x")
            for call in (os.rename, os.link, link_followed, os.symlink):
                with contextlib.suppress(OSError):
                    call(one, other)
            for call in (os.rename, os.link):
                with contextlib.suppress(OSError):
                    call(one, other, src_dir_fd=directory)
                with contextlib.suppress(OSError):
                    call(one, other, dst_dir_fd=directory)
            _exchange(one, other)
            for name in {one, other} - {"sub/.."}:
                with contextlib.suppress(OSError):
                    os.unlink(name)
    finally:
        os.close(directory)
        os.chdir(here)


def link_followed(one: str, other: str) -> None:
    """Give what a name leads to another name."""
    _LIBC.linkat(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), FOLLOW)


def _exchange(one: str, other: str) -> None:
    _LIBC.syscall(RENAMEAT2, AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), 2)


def receive_many(fd: int) -> None:
    """Receive one message by the call for many."""
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 8)
    message = (ctypes.c_uint64 * 8)(0, 0, ctypes.addressof(vector), 1)
    _LIBC.syscall(RECVMMSG, fd, message, 1, 0, 0)


def make_plain(place: Folder) -> None:
    """Calls of which only numbers count."""
    for mode in (0o600, 0o4755, 0o2755):
        os.chmod(place / "file", mode)
        fd = os.open(place / "file", os.O_RDONLY)
        os.fchmod(fd, mode)
        os.fchown(fd, mode & 7, 0)
        os.close(fd)
    directory = os.open(place, os.O_RDONLY)
    for owner in (1, 0):
        os.chown(place / "file", owner, 0)
        os.chown("file", owner, 0, dir_fd=directory)
        for name in ("file", "x.so", "none"):
            with contextlib.suppress(OSError):
                os.chown(place / name, owner, 0, follow_symlinks=False)
    os.close(directory)
    for flags in (0, CLONE_SYSVSEM, -1):
        _LIBC.unshare(flags)
    resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE)
    resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE))


def make_fds(place: Folder) -> None:
    """Calls on fds of several kinds."""
    reading, writing = os.pipe()
    file, directory = os.open(place / "file", os.O_RDWR), os.open(place, os.O_RDONLY)
    for fd in (reading, file, directory):
        os.close(os.dup(fd))
        os.close(fcntl.fcntl(fd, fcntl.F_DUPFD, 100))
        os.dup2(fd, 90)
        os.close(90)
        _LIBC.ftruncate(fd, 0)
    own, pidfd = os.open("/proc/self/ns/uts", os.O_RDONLY), os.pidfd_open(os.getpid())
    for fd in (own, file):
        _LIBC.setns(fd, 0)
        os.close(_LIBC.syscall(PIDFD_GETFD, pidfd, fd, 0))
    for fd in (own, pidfd):
        os.close(fd)
    os.write(writing, b"x")
    os.read(reading, 1)
    os.write(file, b"needle")
    os.pread(file, 3, 0)
    for fd in (reading, writing, file, directory):
        os.close(fd)


def make_connections(place: Folder) -> None:
    """Connections and datagrams, of IPv4, of IPv6, mapped into it, of unix sockets, and some that fail."""
    for server_at, client_at in (("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1"), ("::", OTHER)):
        _stream(server_at, client_at)
        _datagrams(server_at, client_at)
    one, other = socket.socketpair()
    one.send(b"x")
    other.recv(1)
    one.close()
    other.close()
    path = str(place / "socket")
    with contextlib.suppress(OSError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        accepted, _ = server.accept()
        client.sendall(b"x")
        accepted.recv(1)
        accepted.close()
    with socket.socket() as refused, contextlib.suppress(OSError):
        refused.connect(("127.0.0.1", 1))
    with contextlib.suppress(OSError):
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _stream(server_at: str, client_at: str) -> None:
    with socket.socket(_family(server_at)) as server, socket.socket(_family(client_at)) as client:
        server.bind((server_at, 0))
        server.listen()
        client.connect((client_at, server.getsockname()[1]))
        accepted, _ = server.accept()
        client.sendall(b"question")
        accepted.recv(8)
        accepted.sendmsg([b"answer"])
        client.recvmsg(8)
        os.close(os.dup(client.fileno()))
        accepted.close()


def _datagrams(server_at: str, client_at: str) -> None:
    kind = socket.SOCK_DGRAM
    with socket.socket(_family(server_at), kind) as server, socket.socket(_family(client_at), kind) as client:
        server.bind((server_at, 0))
        port = server.getsockname()[1]
        client.sendto(b"one", (client_at, port))
        server.recvfrom(8)
        client.connect((client_at, port))
        client.send(b"two")
        _, back = server.recvfrom(8)
        server.sendto(b"three", back)
        if client_at != OTHER:  # There the answer comes from the first address of the loopback, as from a stranger.
            client.recv(8)


def sifted_of(number: int, params: Sequence[bytes]) -> Sifted | None:
    """The call of an exit with this code and these parameters, None if the sieve does not look at its kind."""
    return _BY_EVENT.get((number, unsigned(params[0]) if number == GENERIC_X else None))


def known(event: Seen) -> tuple[Collection[Path], dict[Number | Param, int]]:
    """What the plain meaning knows of the call of an event."""
    sifted = cast("Sifted", sifted_of(event.code, event.raw))
    numbers: dict[Number | Param, int] = {param: cast("int", event.values[param.name]) for param in sifted.params}
    result = event.values.get("res", event.values.get("fd"))
    if isinstance(result, int):
        numbers[Number.RESULT] = result
        numbers[Number.FD] = max(result, -1)
    if sifted.group is Group.OPENS:
        flags = cast("int", event.values["flags"])
        numbers[Number.WRITES], numbers[Number.READS] = flags >> 1 & 1, flags & 1
    numbers[Number.LIMITS] = int(event.values.get("newcur") != -1)
    if sifted.group in PASSED:
        return [_passed(event, base) for base in sifted.call.bases], numbers
    if sifted.group is Group.OPENS and numbers[Number.FD] < 0:
        return [_tried(event)], numbers
    fact = _fd(event)
    if fact is None:
        return [Path()], numbers
    if fact.type in _KINDS:
        numbers[Number.KIND] = _KINDS[FdType(fact.type)]
    numbers.update(_ends(fact))
    whole = os.fsencode(fact.path) if fact.type in (FdType.FILE_V2, FdType.DIRECTORY) else b""
    return [Path(whole=whole if 0 < len(whole) < LONGEST else None)], numbers


def _fd(event: Seen) -> facts.FdFact | None:
    raw = event.fact(facts.FD)
    try:
        return facts.decode_fd(raw) if raw else None
    except EventError:
        return None


def _ends(fact: facts.FdFact) -> Iterator[tuple[Number, int]]:
    if fact.ends is None or fact.type not in (3, 4, 5, 6):
        return
    if fact.connected:
        yield Number.RENAMES, 0
    if fact.role == Role.NONE:
        return
    yield Number.TRANSPORT, fact.l4proto
    if not fact.connected:
        return
    # The source of a fact is the client.
    yield Number.CLIENT_PORT, fact.ends.source_port
    yield Number.SERVER_PORT, fact.ends.destination_port
    client, server = fact.ends.source, fact.ends.destination
    if len(client) == 16 and client.startswith(V4_MAPPED) and server.startswith(V4_MAPPED):
        client, server = client[12:], server[12:]
    if len(client) == 4:
        yield Number.CLIENT, int.from_bytes(client, "big")
        yield Number.SERVER, int.from_bytes(server, "big")


def _passed(event: Seen, base: Base) -> Path:
    """What is known of a path that the call was given."""
    role = ROLES[base.role]
    if event.type.name == "linkat" and role == facts.SOURCE and cast("int", event.values["flags"]) & FOLLOW:
        return Path()
    param = next(each for each in PATHS[event.code] if each.role == role)
    passed = os.fsencode(cast("str", event.values[event.type.params[param.name].name]))
    start = _start(event, role)
    last = passed.rpartition(b"/")[2]
    if last in (b"", b".", b"..") or len(passed) >= LONGEST - 1:
        return Path()
    if b"/" in passed.lstrip(b"/"):
        return Path(last=last)
    whole = start.rstrip(b"/") + b"/" + last
    return Path(whole=whole if start and len(whole) < LONGEST else None)


def _tried(event: Seen) -> Path:
    """What is known of a path that could not be opened: as it was passed, whatever there is on the way."""
    passed = os.fsencode(cast("str", event.values.get("name", "")))
    start, below = _start(event, facts.NAMED), passed.lstrip(b"/")
    if not start or len(passed) >= LONGEST - 1 or {b"", b".", b".."} & set(below.split(b"/")):
        return Path()
    whole = start.rstrip(b"/") + b"/" + below
    return Path(whole=whole if len(whole) < LONGEST else None)


def _start(event: Seen, role: int) -> bytes:
    """The directory in which a path starts that the call was given."""
    told = event.raw[len(event.type.params) :]
    return next((raw[2:-1] for raw in told if raw[:2] == bytes((facts.BASE, role))), b"")
