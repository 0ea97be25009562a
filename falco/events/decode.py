"""Parameter bytes to Python values, by parameter type (encodings: libs driver/ppm_fillers.c; all little-endian).

A zero-length parameter is an absent value (None) whatever its type. Integers are read at the width they have, so a
parameter that a later writer widened still reads right.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable

from falco.errors import FalcoError
from falco.events.types import ParamType

Decoder = Callable[[bytes], object]


class EventError(FalcoError):
    """An event's bytes make no sense; the source knows the place."""


@dataclasses.dataclass(frozen=True, slots=True)
class SockAddr:
    """family is PPM_AF_*; address is packed bytes (empty unless inet), port 0 unless inet, path only for unix."""

    family: int
    address: bytes = b""
    port: int = 0
    path: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class SockTuple:
    """Both ends of a socket; for unix the ends are kernel addresses and path names the listening end."""

    family: int
    source: bytes = b""
    source_port: int = 0
    destination: bytes = b""
    destination_port: int = 0
    source_pointer: int = 0
    destination_pointer: int = 0
    path: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Dyn:
    """A value whose type the event chooses: index selects one of the parameter's alternatives."""

    index: int
    raw: bytes


AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
_TUPLE4 = struct.Struct("<4sH4sH")
_TUPLE6 = struct.Struct("<16sH16sH")
_TUPLE_UNIX = struct.Struct("<QQ")
_FDLIST_ENTRY = struct.Struct("<qH")


WIDEST = 64
"""Bytes of the widest integer that is read. None on the wire has more than eight; a damaged one may have thousands."""


UNSIGNED = (1 << 64) - 1
"""libsinsp has durations as unsigned numbers: where the clock was set back they are very large. A mask for them."""


def unsigned(raw: bytes) -> int:
    """An unsigned integer; EventError if it has more than WIDEST bytes."""
    if len(raw) > WIDEST:
        raise EventError(f"integer of {len(raw)} bytes")
    return int.from_bytes(raw, "little")


def signed(raw: bytes) -> int:
    """A signed integer; EventError if it has more than WIDEST bytes."""
    if len(raw) > WIDEST:
        raise EventError(f"integer of {len(raw)} bytes")
    return int.from_bytes(raw, "little", signed=True)


def text(raw: bytes) -> str:
    """A string up to its first NUL; bytes that are not UTF-8 survive as surrogates."""
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


LONGEST_LIST = 4096
"""Bytes of a list of strings, as the drivers and writers of every version cut it (scap: ARGS_ENV_SIZE_MAX)."""


def strings(raw: bytes) -> list[str]:
    """NUL-separated strings (args, env, cgroups), cut at LONGEST_LIST; the final NUL ends the last one."""
    if not raw:
        return []
    return raw[:LONGEST_LIST].removesuffix(b"\0").decode("utf-8", "surrogateescape").split("\0")


def sockaddr(raw: bytes) -> SockAddr:
    """A SOCKADDR; EventError if it is shorter than its family wants."""
    family, size = raw[0], len(raw)
    if family == AF_INET and size >= 7:
        return SockAddr(family, raw[1:5], unsigned(raw[5:7]))
    if family == AF_INET6 and size >= 19:
        return SockAddr(family, raw[1:17], unsigned(raw[17:19]))
    if family == AF_UNIX:
        return SockAddr(family, path=text(raw[1:]))
    if family in (AF_INET, AF_INET6):
        raise EventError(f"socket address of family {family} has only {size} bytes")
    return SockAddr(family)


def socktuple(raw: bytes) -> SockTuple:
    """A SOCKTUPLE; EventError if it is shorter than its family wants."""
    family, size = raw[0], len(raw)
    if family == AF_INET and size >= 13:
        return SockTuple(family, *_TUPLE4.unpack_from(raw, 1))
    if family == AF_INET6 and size >= 37:
        return SockTuple(family, *_TUPLE6.unpack_from(raw, 1))
    if family == AF_UNIX and size >= 17:
        source, destination = _TUPLE_UNIX.unpack_from(raw, 1)
        return SockTuple(family, source_pointer=source, destination_pointer=destination, path=text(raw[17:]))
    if family in (AF_INET, AF_INET6, AF_UNIX):
        raise EventError(f"socket tuple of family {family} has only {size} bytes")
    return SockTuple(family)


def fdlist(raw: bytes) -> list[tuple[int, int]]:
    """(fd, poll flags) pairs; EventError if the count is larger than the bytes allow."""
    count = unsigned(raw[:2])
    if 2 + count * _FDLIST_ENTRY.size > len(raw):
        raise EventError(f"fd list of {count} entries has only {len(raw)} bytes")
    return [_FDLIST_ENTRY.unpack_from(raw, 2 + i * _FDLIST_ENTRY.size) for i in range(count)]


def double(raw: bytes) -> float:
    """An IEEE double; EventError if it is not 8 bytes."""
    if len(raw) != 8:
        raise EventError(f"floating-point value has {len(raw)} bytes, not 8")
    return float(struct.unpack("<d", raw)[0])


def boolean(raw: bytes) -> bool:
    """A BOOL, four bytes on the wire."""
    return any(raw)


def dyn(raw: bytes) -> Dyn:
    """A DYN parameter, its value still undecoded."""
    return Dyn(raw[0], raw[1:])


def _same(raw: bytes) -> bytes:
    return raw


_T = ParamType
DECODERS: dict[ParamType, Decoder] = {
    **dict.fromkeys((_T.INT8, _T.INT16, _T.INT32, _T.INT64, _T.ERRNO, _T.FD, _T.PID, _T.FD32, _T.PID32), signed),
    **dict.fromkeys((_T.UINT8, _T.UINT16, _T.UINT32, _T.UINT64, _T.SYSCALLID, _T.SIGTYPE, _T.RELTIME), unsigned),
    **dict.fromkeys((_T.ABSTIME, _T.PORT, _T.L4PROTO, _T.SOCKFAMILY, _T.UID, _T.GID, _T.SIGSET, _T.MODE), unsigned),
    **dict.fromkeys((_T.FLAGS8, _T.FLAGS16, _T.FLAGS32, _T.ENUMFLAGS8, _T.ENUMFLAGS16, _T.ENUMFLAGS32), unsigned),
    **dict.fromkeys((_T.CHARBUF, _T.FSPATH, _T.FSRELPATH), text),
    **dict.fromkeys((_T.BYTEBUF, _T.IPV4ADDR, _T.IPV6ADDR, _T.IPADDR, _T.IPV4NET, _T.IPV6NET, _T.IPNET), _same),
    **dict.fromkeys((_T.NONE, _T.CHARBUFARRAY, _T.CHARBUF_PAIR_ARRAY), _same),
    _T.SOCKADDR: sockaddr,
    _T.SOCKTUPLE: socktuple,
    _T.FDLIST: fdlist,
    _T.BOOL: boolean,
    _T.DOUBLE: double,
    _T.DYN: dyn,
}
