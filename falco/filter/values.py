"""How a written value becomes the value that a field is compared with, by the field's type."""

from __future__ import annotations

import enum
import ipaddress
import re
import socket
from collections.abc import Callable

from falco.events.types import ParamType
from falco.filter.patterns import Network


class Kind(enum.Enum):
    """How the values of a type behave in comparisons; the word completes "expected …"."""

    INTEGER = "an integer"
    BOOL = "true or false"
    PORT = "a port number or service name"
    DOUBLE = "a number"
    TEXT = "text"
    BYTES = "bytes as text"
    ADDRESS = "an IPv4 or IPv6 address"
    NETWORK = "a network such as 10.0.0.0/8, or an IPv6 address standing for its /64"
    NEVER = "anything, as no comparison with it holds"


_T = ParamType
KINDS: dict[ParamType, Kind] = {
    **dict.fromkeys((_T.INT8, _T.INT16, _T.INT32, _T.INT64, _T.ERRNO, _T.FD, _T.PID, _T.FD32, _T.PID32), Kind.INTEGER),
    **dict.fromkeys((_T.UINT8, _T.UINT16, _T.UINT32, _T.UINT64, _T.SYSCALLID, _T.SIGTYPE, _T.RELTIME), Kind.INTEGER),
    **dict.fromkeys((_T.ABSTIME, _T.L4PROTO, _T.SOCKFAMILY, _T.UID, _T.GID, _T.MODE), Kind.INTEGER),
    **dict.fromkeys((_T.FLAGS8, _T.FLAGS16, _T.FLAGS32), Kind.INTEGER),
    **dict.fromkeys((_T.ENUMFLAGS8, _T.ENUMFLAGS16, _T.ENUMFLAGS32), Kind.INTEGER),
    **dict.fromkeys((_T.CHARBUF, _T.FSPATH, _T.FSRELPATH), Kind.TEXT),
    **dict.fromkeys((_T.IPV4ADDR, _T.IPV6ADDR, _T.IPADDR), Kind.ADDRESS),
    **dict.fromkeys((_T.IPV4NET, _T.IPV6NET, _T.IPNET), Kind.NETWORK),
    _T.BOOL: Kind.BOOL,
    _T.PORT: Kind.PORT,
    _T.DOUBLE: Kind.DOUBLE,
    _T.BYTEBUF: Kind.BYTES,
    _T.SOCKADDR: Kind.NEVER,
}
"""Every type that can be compared; 0.15 stops at the others with `wrong parameter type N`."""

_SIGNED = frozenset((_T.INT8, _T.INT16, _T.INT32, _T.INT64, _T.ERRNO, _T.FD, _T.PID, _T.FD32, _T.PID32))
_BITS = {
    **dict.fromkeys((_T.INT8, _T.UINT8, _T.L4PROTO, _T.SOCKFAMILY, _T.SIGTYPE, _T.FLAGS8, _T.ENUMFLAGS8), 8),
    **dict.fromkeys((_T.INT16, _T.UINT16, _T.SYSCALLID, _T.FLAGS16, _T.ENUMFLAGS16), 16),
    **dict.fromkeys((_T.INT32, _T.UINT32, _T.FLAGS32, _T.UID, _T.GID, _T.MODE, _T.ENUMFLAGS32, _T.FD32, _T.PID32), 32),
}
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)


def parse(text: str, type: ParamType) -> object:
    """The value of text for a type of KINDS: int, bool, float, str, bytes, packed address or Network.

    ValueError (a sentence without the text's place) if it is none.
    """
    kind = KINDS[type]
    return _integer(text, type) if kind is Kind.INTEGER else _PARSERS[kind](text)


def _integer(text: str, type: ParamType) -> int:
    """Decimal, within the type's width read as signed or unsigned: -1 is the largest value of an unsigned type."""
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text} is not a valid number")
    value, bits = int(text) if len(text) < 25 else 1 << 100, _BITS.get(type, 64)
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise ValueError(f"{text} is out of range for a number of {bits} bits")
    value &= (1 << bits) - 1
    return value - (1 << bits) if type in _SIGNED and value >> bits - 1 else value


def _bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text} is not a boolean")
    return text == "true"


def _port(text: str) -> int:
    if _INTEGER.fullmatch(text):
        if len(text) > 5 or not 0 <= int(text) < 1 << 16:
            raise ValueError(f"{text} is not a port: they go from 0 to 65535")
        return int(text)
    try:
        return socket.getservbyname(text)
    except (OSError, UnicodeError, ValueError):
        raise ValueError(f"{text} is not a known service") from None


def _double(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text} is not a valid number")
    return float(text)


def _address(text: str) -> bytes:
    family = socket.AF_INET if "." in text and ":" not in text else socket.AF_INET6
    try:
        return socket.inet_pton(family, text)
    except (OSError, UnicodeError, ValueError):
        raise ValueError(f"{text} is not a valid IP address") from None


def _network(text: str) -> Network:
    """An IPv4 network needs its prefix length. Without one, an IPv6 address stands for all with its first 64 bits."""
    bare = "/" not in text
    try:
        if bare and ":" not in text:
            raise ValueError
        net = ipaddress.ip_network(text + "/64" if bare else text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is not a valid network") from None
    return Network(net.max_prefixlen // 8, int(net.network_address), int(net.netmask))


def to_bytes(text: str) -> bytes:
    """The bytes that text stood for."""
    return text.encode("utf-8", "surrogateescape")


_PARSERS: dict[Kind, Callable[[str], object]] = {
    Kind.BOOL: _bool,
    Kind.PORT: _port,
    Kind.DOUBLE: _double,
    Kind.TEXT: str,
    Kind.BYTES: to_bytes,
    Kind.ADDRESS: _address,
    Kind.NETWORK: _network,
    Kind.NEVER: str,
}
