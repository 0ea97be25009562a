"""Facts: parameters that our probe appends to an event, behind those of the event table.

They tell what the kernel knows and the table has no parameter for. Other readers ignore them, so a recording of a live
host reads everywhere. Each is a parameter of its own that begins with a byte for its kind; an absent one has no bytes,
the order is free. All numbers are little-endian, all texts end with a NUL:

    F  an fd: its number (8 bytes, signed), its type (SCAP_FD_*; 0 for a file that has a name only), role (0 unknown,
       1 client, 2 server), transport (SCAP_L4_*) and whether it is connected (a byte each), the device as stat(2) has
       it (4), the inode (8), the kernel's O_* flags (4); then the kernel's absolute path or, for a socket, a SOCKTUPLE:
       its own end first, but the far end of a server's, so that it reads client -> server
    B  a base: for the path with this role (a byte, n name, s source, t target) that the call was given, the kernel's
       absolute path of the directory that the path starts at: the working directory, that of a dirfd, or the root
    N  a name: role, and the path as it was passed, of events that have no parameter for it
    P  a path: role, and the kernel's absolute path of what the call acted on
    M  marks (4): 1 the call came in by the 32-bit entry, 2 it was done by io_uring, 4 the probe's sieve would have
       kept it back, 8 by sending it made a TCP connection (MSG_FASTOPEN)
    C  a name: the one that the event's thread has from now on (comm), whoever gave it. The event is a procinfo, which
       has no more to tell
    X  an extended attribute that was set: how many bytes its value has (4), the first 24 of them with zeros behind a
       shorter one, and its name

A later version of the event table may have more parameters than ours. So what does not have the form of a fact belongs
to such an event and is passed over, like the kinds that a later probe may bring.
"""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING, NamedTuple

from falco.events import native
from falco.events.decode import AF_INET, AF_INET6, AF_UNIX, EventError, SockTuple, socktuple, text
from falco.events.table import EVENT_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from falco.events.event import Event

FD, BASE, NAME, PATH, MARKS, ATTRIBUTE, COMM = b"FBNPMXC"
NAMED, SOURCE, TARGET = b"nst"
"""Roles of the paths that a call is given."""
COMPAT, IO_URING, SIFTED, FAST_OPEN = 1, 2, 4, 8
"""Marks."""
OWN = tuple(len(event_type.params) for event_type in EVENT_TABLE)
"""Event code -> how many parameters the event itself has. Facts are those behind them."""
LONGEST_PATH = 4096
"""Bytes of a path, its NUL included, as the kernel limits it (PATH_MAX)."""
_FD = struct.Struct("<BqBBBBIQI")
_SOCKETS = frozenset((3, 4, 5, 6, 8, 10, 15))
"""SCAP_FD_* of fds whose fact ends in a tuple: IPv4, IPv6, both bound, unix, unsupported, netlink."""
_FAMILIES = {3: AF_INET, 5: AF_INET, 4: AF_INET6, 6: AF_INET6, 8: AF_UNIX}
"""Of the tuple, by type; the others take any."""
_TYPES, _ROLES, _TRANSPORTS = 22, 3, 6
"""How many there are of each; what has a higher number is no fact."""
_ROLE_BYTES = frozenset((NAMED, SOURCE, TARGET))
_TEXTS = frozenset((BASE, NAME, PATH))
_HEAD = 2
_MARKS_SIZE = 5
_LONGEST_COMM = 17
_VALUE, _VALUE_END, _LONGEST_ATTRIBUTE = 5, 29, 29 + 256
_SLASH = ord("/")
_ANONYMOUS = (b"anon_inode:", b"memfd:", b"pipe:", b"pidfd:", b"[", b"\0")
"""What the kernel's names of files without a path begin with."""


class FdFact(NamedTuple):
    """What the kernel knows of an open fd. open_flags are the event table's; ends is None unless it is a socket."""

    number: int
    type: int
    role: int
    l4proto: int
    connected: bool
    device: int
    inode: int
    open_flags: int
    path: str = ""
    ends: SockTuple | None = None


def told(event: Event) -> bool:
    """Whether an event may have facts. All other events cost no more than this."""
    return event.nparams > OWN[event.code]


def each(event: Event) -> Iterator[bytes]:
    """The event's facts, undecoded; EventError if its lengths do not fit."""
    for index in range(OWN[event.code], event.nparams):
        raw = event.raw(index)
        if raw and is_fact(raw):
            yield raw


def is_fact(raw: bytes) -> bool:
    """Whether a parameter behind the event's own, not an empty one, has the form of a fact."""
    kind, size = raw[0], len(raw)
    if kind == FD:
        return (
            _FD.size < size <= _FD.size + LONGEST_PATH
            and raw[9] < _TYPES
            and raw[10] < _ROLES
            and raw[11] < _TRANSPORTS
            and raw[12] <= 1
            and (raw[_FD.size] == _SLASH or raw[9] in _SOCKETS or raw[_FD.size :].startswith(_ANONYMOUS))
        )
    if kind in _TEXTS:
        # The kernel's paths are absolute; what a call was given may be anything.
        begins = size > _HEAD and (kind == NAME or raw[_HEAD] == _SLASH)
        return begins and size <= _HEAD + LONGEST_PATH and raw[1] in _ROLE_BYTES and raw[-1] == 0
    if kind == ATTRIBUTE:
        return _VALUE_END < size <= _LONGEST_ATTRIBUTE and raw[-1] == 0
    if kind == COMM:
        return 1 < size <= _LONGEST_COMM and raw[-1] == 0
    return kind == MARKS and size == _MARKS_SIZE


def fd_fact(event: Event) -> bytes:
    """The event's fact about an fd, undecoded; empty if it has none."""
    return next((raw for raw in each(event) if raw[0] == FD), b"") if told(event) else b""


def fd_number(raw: bytes) -> int:
    """The number of the fd that a fact is about."""
    return int.from_bytes(raw[1:9], "little", signed=True)


def decode_fd(raw: bytes) -> FdFact:
    """A fact about an fd, as each() gives it; EventError if its tuple is too short or not one for its type."""
    _, number, kind, role, transport, connected, device, inode, flags = _FD.unpack_from(raw)
    rest = raw[_FD.size :]
    flags = _open_flags(flags)
    if kind in _SOCKETS:
        ends = socktuple(rest)
        if ends.family != _FAMILIES.get(kind, ends.family):
            raise EventError(f"fact about an fd of type {kind} has a tuple of family {ends.family}")
        return FdFact(number, kind, role, transport, bool(connected), device, inode, flags, ends=ends)
    return FdFact(number, kind, role, transport, bool(connected), device, inode, flags, text(rest))


def base(event: Event, role: int) -> str | None:
    """Where a passed path starts: an absolute path, or None if no fact tells."""
    return _text(event, BASE, role)


def name(event: Event, role: int) -> str | None:
    """A path as it was passed, None unless a fact tells."""
    return _text(event, NAME, role)


def path(event: Event, role: int) -> str | None:
    """The kernel's path of what the call acted on, None unless a fact tells."""
    return _text(event, PATH, role)


def _text(event: Event, kind: int, role: int) -> str | None:
    wanted = bytes((kind, role))
    for index in range(OWN[event.code], event.nparams):
        raw = event.raw(index)
        if raw.startswith(wanted) and is_fact(raw):
            return text(raw[_HEAD:])
    return None


def marks(event: Event) -> int:
    """COMPAT, IO_URING and SIFTED, as they hold for the event."""
    if told(event):
        for raw in each(event):
            if raw[0] == MARKS:
                return int.from_bytes(raw[1:], "little")
    return 0


def attribute(event: Event) -> tuple[str, bytes] | None:
    """The extended attribute that the call set: its name, and up to 24 bytes that its value begins with."""
    if told(event):
        for raw in each(event):
            if raw[0] == ATTRIBUTE:
                size = int.from_bytes(raw[1:_VALUE], "little")
                return text(raw[_VALUE_END:]), raw[_VALUE : min(_VALUE + size, _VALUE_END)]
    return None


def comm(event: Event) -> str | None:
    """The name that the event's thread got, None unless a fact tells."""
    if told(event):
        for raw in each(event):
            if raw[0] == COMM:
                return text(raw[1:])
    return None


def path_fact(role: int, path: str) -> bytes:
    """The fact that tells a path, which is cut at LONGEST_PATH."""
    return bytes((PATH, role)) + path.encode("utf-8", "surrogateescape")[: LONGEST_PATH - 1] + b"\0"


_open_flags = functools.lru_cache(maxsize=1024)(native.open_flags)
