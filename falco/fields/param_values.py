"""Event parameters as text, as far as their own bytes tell; params.py has those that state says more of.

Each takes an event and a parameter's bytes (never empty), and gives the plain text and the resolved one or ''.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from falco.events import text
from falco.events.decode import AF_INET, AF_INET6, AF_UNIX, signed, unsigned
from falco.events.decode import sockaddr as socket_address
from falco.events.decode import socktuple as socket_ends
from falco.events.decode import text as string
from falco.events.syscalls import SYSCALL_NAMES
from falco.state.network import V4_MAPPED, address_text, plain_endpoint

if TYPE_CHECKING:
    from falco.events.event import Event

_ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF


def charbuf(_event: Event, raw: bytes) -> tuple[str, str]:
    return string(raw), ""


def bytebuf(_event: Event, raw: bytes) -> tuple[str, str]:
    return text.dots(raw), ""


def errno(_event: Event, raw: bytes) -> tuple[str, str]:
    value = signed(raw)
    return str(value), text.errno_name(value)


def sockaddr(_event: Event, raw: bytes) -> tuple[str, str]:
    address = socket_address(raw)
    if address.family == AF_UNIX:
        return text.printable(address.path), ""
    if address.family in (AF_INET, AF_INET6):
        return plain_endpoint(address.address, address.port), ""
    return f"family {address.family}", ""


def socktuple(_event: Event, raw: bytes) -> tuple[str, str]:
    ends = socket_ends(raw)
    if ends.family == AF_UNIX:
        return f"{ends.source_pointer:x}->{ends.destination_pointer:x} {text.printable(ends.path)}", ""
    if ends.family in (AF_INET, AF_INET6):
        source, destination = _addresses(ends.source, ends.destination)
        return f"{source}:{ends.source_port}->{destination}:{ends.destination_port}", ""
    return f"family {ends.family}", ""


def _addresses(source: bytes, destination: bytes) -> tuple[str, str]:
    """Both ends as text; IPv4 ones inside IPv6 read as IPv4 if both are such."""
    if len(source) == 4 or (source.startswith(V4_MAPPED) and destination.startswith(V4_MAPPED)):
        return address_text(source), address_text(destination)
    return socket.inet_ntop(socket.AF_INET6, source), socket.inet_ntop(socket.AF_INET6, destination)


def syscall(_event: Event, raw: bytes) -> tuple[str, str]:
    code = unsigned(raw)
    return (str(code), SYSCALL_NAMES[code]) if code < len(SYSCALL_NAMES) else ("<unknown syscall>", "")


def signal(_event: Event, raw: bytes) -> tuple[str, str]:
    number = unsigned(raw)
    return str(number), text.signal_name(number)


def sigset(_event: Event, raw: bytes) -> tuple[str, str]:
    return text.signal_set(unsigned(raw)), ""


def reltime(_event: Event, raw: bytes) -> tuple[str, str]:
    ns = unsigned(raw)
    return ("none", "") if ns == _ALL_ONES else (str(ns), text.seconds(ns))


def abstime(_event: Event, raw: bytes) -> tuple[str, str]:
    second, ns = divmod(unsigned(raw), 1_000_000_000)
    try:
        local = time.localtime(second)
    except (OverflowError, OSError):  # A year that no clock shows.
        return str(second * 1_000_000_000 + ns), ""
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', local)}.{ns:09d} {time.strftime('%z', local)}", ""


def address(_event: Event, raw: bytes) -> tuple[str, str]:
    return address_text(raw) if len(raw) in (4, 16) else text.dots(raw), ""


def number(_event: Event, raw: bytes) -> tuple[str, str]:
    return str(unsigned(raw)), ""


def not_printable(_event: Event, _raw: bytes) -> tuple[str, str]:
    return "(n.a.)", ""
