"""Addresses, ends and roles of sockets (libsinsp ifinfo.cpp and fdinfo.cpp)."""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco.state.fds import L4, FdInfo, FdType, Role

if TYPE_CHECKING:
    from falco.state.snapshot import Interface
    from falco.state.threads import ThreadInfo

V4_MAPPED = bytes(10) + b"\xff\xff"
NO_ADDRESS = bytes(4)
_LOOPBACK_NET = 127
INET_TYPES = frozenset((FdType.IPV4_SOCK, FdType.IPV6_SOCK))
SERVER_TYPES = frozenset((FdType.IPV4_SERVSOCK, FdType.IPV6_SERVSOCK))
NETWORK_TYPES = INET_TYPES | SERVER_TYPES
_PORTLESS = (L4.ICMP, L4.RAW)


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


def unmapped(address: bytes) -> bytes:
    """The IPv4 address inside a v4-mapped IPv6 one, else the address itself."""
    return address[12:] if len(address) == 16 and address.startswith(V4_MAPPED) else address


def swap_ends(fd: FdInfo) -> None:
    """Exchange source and destination."""
    fd.source, fd.destination = fd.destination, fd.source
    fd.source_port, fd.destination_port = fd.destination_port, fd.source_port


def bound_to_port(thread: ThreadInfo, port: int) -> bool:
    """Whether the process has a bound socket, or the serving end of a connection, at this port."""
    for fd in thread.main.fds.values():
        if fd.destination_port == port and fd.type in (FdType.IPV4_SOCK, FdType.IPV4_SERVSOCK):
            return True
    return False


def uses_client_port(thread: ThreadInfo, port: int) -> bool:
    """Whether the process has a connection from this port."""
    return any(fd.source_port == port and fd.type == FdType.IPV4_SOCK for fd in thread.main.fds.values())


def guess_role(thread: ThreadInfo, fd: FdInfo, incoming: bool) -> Role:
    """The role of a datagram socket that neither connected nor accepted, from the ports that its process owns."""
    if not bound_to_port(thread, fd.destination_port):
        return Role.CLIENT
    if uses_client_port(thread, fd.source_port):
        return Role.SERVER if incoming else Role.CLIENT
    return Role.SERVER


class Interfaces:
    """The host's addresses: which are local, and which one a socket without local address would use."""

    def __init__(self, interfaces: Iterable[Interface] = ()) -> None:
        self.rows = rows = list(interfaces)
        self._v4 = [row for row in rows if len(row.address) == 4]
        self._v4_addresses = frozenset(row.address for row in self._v4)
        self._v6_networks = frozenset(row.address[:8] for row in rows if len(row.address) == 16)

    def has(self, address: bytes) -> bool:
        """Whether an address is one of the host's: exact for IPv4, by its first 64 bits for IPv6."""
        if len(address) == 4:
            return address in self._v4_addresses
        return address[:8] in self._v6_networks

    def complete(self, fd: FdInfo) -> None:
        """Replace a missing (0.0.0.0) end of an IPv4 tuple by the address that the host would use towards the other."""
        if fd.type != FdType.IPV4_SOCK:
            return
        if fd.source == NO_ADDRESS:
            found = self._towards(fd.destination)
            if found and not (found == fd.destination and fd.source_port == fd.destination_port):
                fd.source = found
        elif fd.destination == NO_ADDRESS:
            found = self._towards(fd.source)
            if found and not (found == fd.source and fd.source_port == fd.destination_port):
                fd.destination = found

    def _towards(self, other: bytes) -> bytes:
        if other in self._v4_addresses:
            return other
        for row in self._v4:
            if _masked(row.address, row.netmask) == _masked(other, row.netmask):
                return row.address
        return next((row.address for row in self._v4 if row.address[0] != _LOOPBACK_NET), b"")


def _masked(address: bytes, mask: bytes) -> int:
    return int.from_bytes(address, "big") & int.from_bytes(mask, "big")


def packed(text: str) -> bytes:
    """A written address as packed bytes, empty if it is none."""
    try:
        return ipaddress.ip_address(text).packed
    except ValueError:
        return b""
