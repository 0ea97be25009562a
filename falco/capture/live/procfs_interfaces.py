"""The addresses of the host's network interfaces, asked of the kernel by netlink (rtnetlink(7), RTM_GETADDR).

They are those of process 1's network namespace: a detector in a container has one of its own. The request is made by a
thread that enters that namespace for it and ends; where that is refused, and in a tree that is no /proc, the answer is
that of our own namespace, or nothing.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.live.procfs_text import ProcError, text
from falco.state.snapshot import Interface

if TYPE_CHECKING:
    from falco.capture.live.procfs_host import Host

_CLONE_NEWNET = 0x40000000
_RTM_GETLINK, _RTM_GETADDR, _RTM_NEWLINK, _RTM_NEWADDR, _DONE, _ERROR = 18, 22, 16, 20, 3, 2
_REQUEST_DUMP = 0x301
_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_BROADCAST = 1, 2, 3, 4
_IFLA_IFNAME = 3
_HEADER = struct.Struct("=IHHII")
_ADDRESS = struct.Struct("=BBBBi")
_LINK = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")
_SIZES = {int(socket.AF_INET): 4, int(socket.AF_INET6): 16}
_RECEIVE = 1 << 17
_TIMEOUT_S = 2.0
_MAX_ANSWERS = 10_000


def interfaces(host: Host) -> list[Interface]:
    """All IPv4 and IPv6 addresses of the host; empty where the kernel does not answer."""
    try:
        with ThreadPoolExecutor(1) as thread:
            links, addresses = thread.submit(_dumps, host.proc / "1/ns/net").result()
        return parse(links, addresses)
    except (OSError, ProcError):
        return []


def _dumps(namespace: Path) -> tuple[list[bytes], list[bytes]]:
    # A namespace is entered by a thread for itself; this one ends with what it was started for.
    with suppress(OSError):
        _enter(namespace)
    return _dump(_RTM_GETLINK), _dump(_RTM_GETADDR)


def _enter(namespace: Path) -> None:
    if namespace.stat().st_ino == Path("/proc/thread-self/ns/net").stat().st_ino:
        return
    fd = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(fd, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(fd)


def _dump(request: int) -> list[bytes]:
    answers: list[bytes] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as asked:
        asked.settimeout(_TIMEOUT_S)
        asked.send(_HEADER.pack(_HEADER.size + 20, request, _REQUEST_DUMP, 1, 0) + bytes(20))
        while len(answers) < _MAX_ANSWERS:
            answers.append(asked.recv(_RECEIVE))
            if any(kind in (_DONE, _ERROR) for kind, _ in messages(answers[-1])):
                break
    return answers


def messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each netlink message; ProcError where lengths do not fit."""
    at = 0
    while at + _HEADER.size <= len(datagram):
        size, kind, *_ = _HEADER.unpack_from(datagram, at)
        if not _HEADER.size <= size <= len(datagram) - at:
            raise ProcError(f"a netlink message of {size} bytes, {len(datagram) - at} are there")
        yield kind, datagram[at + _HEADER.size : at + size]
        at += (size + 3) & ~3


def attributes(body: bytes, at: int) -> dict[int, bytes]:
    """The attributes of a message behind its own header; ProcError where lengths do not fit."""
    found = {}
    while at + _ATTRIBUTE.size <= len(body):
        size, kind = _ATTRIBUTE.unpack_from(body, at)
        if not _ATTRIBUTE.size <= size <= len(body) - at:
            raise ProcError(f"a netlink attribute of {size} bytes, {len(body) - at} are there")
        found[kind & 0x3FFF] = body[at + _ATTRIBUTE.size : at + size]
        at += (size + 3) & ~3
    return found


def parse(links: list[bytes], addresses: list[bytes]) -> list[Interface]:
    """The addresses in answers to RTM_GETLINK and RTM_GETADDR. Raises ProcError."""
    names = {}
    for body in _bodies(links, _RTM_NEWLINK, _LINK.size):
        names[_LINK.unpack_from(body)[2]] = attributes(body, _LINK.size).get(_IFLA_IFNAME, b"")
    found = []
    for body in _bodies(addresses, _RTM_NEWADDR, _ADDRESS.size):
        row = _interface(body, names)
        if row is not None:
            found.append(row)
    return found


def _bodies(datagrams: list[bytes], wanted: int, size: int) -> Iterator[bytes]:
    for datagram in datagrams:
        for kind, body in messages(datagram):
            if kind == wanted and len(body) >= size:
                yield body


def _interface(body: bytes, names: dict[int, bytes]) -> Interface | None:
    family, prefix, _, _, index = _ADDRESS.unpack_from(body)
    given = attributes(body, _ADDRESS.size)
    # Of a point-to-point link IFA_ADDRESS is the other end.
    address = given.get(_IFA_LOCAL) or given.get(_IFA_ADDRESS, b"")
    size = _SIZES.get(family, 0)
    if len(address) != size or not size:
        return None
    bits = min(prefix, size * 8)
    mask = ((1 << bits) - 1) << (size * 8 - bits)
    broadcast = given.get(_IFA_BROADCAST, b"")
    name = given.get(_IFA_LABEL) or names.get(index, b"")
    broadcast = broadcast if len(broadcast) == size else bytes(size)
    return Interface(text(name.rstrip(b"\0")), address, mask.to_bytes(size, "big"), broadcast)
