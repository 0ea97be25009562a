"""Facts as the probe would append them: encoders that are independent of falco/events/facts.py."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from falco.events.table import EVENT_TABLE
from tests.events import encode

if TYPE_CHECKING:
    from falco.events.decode import SockTuple

_TUPLE = next(
    param for t in EVENT_TABLE if t.symbol == "SOCKET_CONNECT_X" for param in t.params if param.name == "tuple"
)


def _text(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape") + b"\0"


def fd_fact(
    number: int, type: int, tail: str | SockTuple, *, role: int = 0, l4proto: int = 0, connected: bool = False,
    device: int = 0x801, inode: int = 77, flags: int = 0o100000,
) -> bytes:  # fmt: skip
    """A fact about an fd; tail is the path of a file, or the ends of a socket. flags are the kernel's."""
    head = struct.pack("<cqBBBBIQI", b"F", number, type, role, l4proto, connected, device, inode, flags)
    return head + (_text(tail) if isinstance(tail, str) else encode(_TUPLE, tail))


def base_fact(role: str, path: str) -> bytes:
    """The directory that the passed path of this role starts at."""
    return b"B" + role.encode() + _text(path)


def name_fact(role: str, path: str) -> bytes:
    """The passed path of this role."""
    return b"N" + role.encode() + _text(path)


def path_fact(role: str, path: str) -> bytes:
    """The kernel's path of what the call acted on."""
    return b"P" + role.encode() + _text(path)


def attribute_fact(name: str, value: bytes) -> bytes:
    """An extended attribute that was set."""
    return b"X" + struct.pack("<I24s", len(value), value) + _text(name)


def comm_fact(name: str) -> bytes:
    """The name that the thread has from now on."""
    return b"C" + _text(name)


def marks_fact(bits: int) -> bytes:
    """Marks."""
    return b"M" + struct.pack("<I", bits)
