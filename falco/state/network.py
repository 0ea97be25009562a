"""Addresses, ends and roles of sockets (libsinsp ifinfo.cpp and fdinfo.cpp)."""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco.state.fds import L4, FdInfo, FdType, Role

if TYPE_CHECKING:
    from falco.events.decode import SockTuple
    from falco.state.snapshot import Interface

V4_MAPPED = bytes(10) + b"\xff\xff"
NO_ADDRESS, NO_ADDRESS6 = bytes(4), bytes(16)
_LOOPBACKS = (bytes((127, 0, 0, 1)), bytes(15) + b"\1")
INET_TYPES = frozenset((FdType.IPV4_SOCK, FdType.IPV6_SOCK))
SERVER_TYPES = frozenset((FdType.IPV4_SERVSOCK, FdType.IPV6_SERVSOCK))
NETWORK_TYPES = INET_TYPES | SERVER_TYPES
_PORTLESS = (L4.ICMP, L4.RAW)


def lacks_role(fd: FdInfo) -> bool:
    """Whether it is a connection of which nothing says yet who serves; a bound socket needs no role."""
    return fd.role == Role.NONE and fd.type in INET_TYPES


@functools.lru_cache(maxsize=8192)
def address_text(address: bytes) -> str:
    """An address as text; v4-mapped ones as IPv4, the empty one as ''."""
    if len(address) == 16 and address.startswith(V4_MAPPED):
        address = address[12:]
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address) if address else ""


def endpoint(address: bytes, port: int) -> str:
    """`address:port`, IPv6 without brackets."""
    return f"{address_text(address)}:{port}"


def tuple_name(fd: FdInfo) -> str:
    """What fd.name prints for an inet socket."""
    if fd.type in SERVER_TYPES:
        return endpoint(fd.destination, fd.destination_port)
    if fd.l4proto in _PORTLESS:
        return f"{address_text(fd.source)}->{address_text(fd.destination)}"
    return f"{endpoint(fd.source, fd.source_port)}->{endpoint(fd.destination, fd.destination_port)}"


def plain_endpoint(address: bytes, port: int) -> str:
    """`address:port`, v4-mapped addresses as IPv6 writes them, which is how libsinsp names a bound socket."""
    return f"{socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)}:{port}"


def unmapped(address: bytes) -> bytes:
    """The IPv4 address inside a v4-mapped IPv6 one, else the address itself."""
    return address[12:] if len(address) == 16 and address.startswith(V4_MAPPED) else address


def narrow(address: bytes) -> bytes:
    """The IPv4 address that an IPv6 socket means: a v4-mapped one, and `::`, which libsinsp takes for 0.0.0.0."""
    return NO_ADDRESS if address == NO_ADDRESS6 else unmapped(address)


def take_ends(fd: FdInfo, ends: SockTuple) -> bool:
    """Give an fd the ends of an inet tuple and the type that goes with them; False if it has them, either way round."""
    source, destination = narrow(ends.source), narrow(ends.destination)
    if len(source) != len(destination):
        source, destination = ends.source, ends.destination
    kind = FdType.IPV4_SOCK if len(source) == 4 else FdType.IPV6_SOCK
    one, other = (source, ends.source_port), (destination, ends.destination_port)
    if fd.type == kind:
        has = (fd.source, fd.source_port), (fd.destination, fd.destination_port)
        if has in ((one, other), (other, one)):
            return False
    fd.type = kind
    (fd.source, fd.source_port), (fd.destination, fd.destination_port) = one, other
    return True


def swap_ends(fd: FdInfo) -> None:
    """Exchange source and destination."""
    fd.source, fd.destination = fd.destination, fd.source
    fd.source_port, fd.destination_port = fd.destination_port, fd.source_port


def guess_role(fd: FdInfo, incoming: bool) -> Role:
    """The role of a datagram socket of which nothing is known but that something was received or sent: who listens
    serves. An IPv6 socket is a client.

    libsinsp first asks whether the process owns the ports of both ends, but it counts the socket itself, which has
    them by then, and looks for the ports of IPv6 sockets in the wrong bytes; this is what comes of it
    (sinsp_fdinfo_t::set_net_role_by_guessing).
    """
    return Role.SERVER if incoming and fd.type == FdType.IPV4_SOCK else Role.CLIENT


class Interfaces:
    """The host's addresses: which are local, and which one a socket without local address would use."""

    def __init__(self, interfaces: Iterable[Interface] = ()) -> None:
        self.rows = rows = list(interfaces)
        self._addresses = frozenset(row.address for row in rows)
        self._by_size = {size: [row for row in rows if len(row.address) == size] for size in (4, 16)}
        self._v4_addresses = frozenset(row.address for row in rows if len(row.address) == 4)
        self._v6_networks = frozenset(row.address[:8] for row in rows if len(row.address) == 16)

    def has(self, address: bytes) -> bool:
        """Whether an address is one of the host's: exact for IPv4, by its first 64 bits for IPv6."""
        if len(address) == 4:
            return address in self._v4_addresses
        return address[:8] in self._v6_networks

    def complete(self, fd: FdInfo) -> None:
        """Replace a missing (0.0.0.0 or ::) end of a tuple by the address that the host would use towards the other."""
        if fd.type not in INET_TYPES:
            return
        if not any(fd.source):
            found = self._towards(fd.destination)
            if found != fd.destination or fd.source_port != fd.destination_port:
                fd.source = found
        elif not any(fd.destination):
            found = self._towards(fd.source)
            if found != fd.source or fd.source_port != fd.destination_port:
                fd.destination = found

    def _towards(self, other: bytes) -> bytes:
        """An interface's address: the other end itself, one of its subnet, or the first that is not the loopback's."""
        if other in self._addresses:
            return other
        rows = self._by_size[len(other)]
        for row in rows:
            if _network(row.address, row) == _network(other, row):
                return row.address
        return next((row.address for row in rows if row.address not in _LOOPBACKS), bytes(len(other)))


def _network(address: bytes, row: Interface) -> int:
    """The network part of an address: by the interface's mask for IPv4, the first 64 bits for IPv6."""
    if len(address) == 16:
        return int.from_bytes(address[:8], "big")
    return int.from_bytes(address, "big") & int.from_bytes(row.netmask, "big")


def packed(text: str) -> bytes:
    """A written address as packed bytes, empty if it is none."""
    try:
        return ipaddress.ip_address(text).packed
    except ValueError:
        return b""
