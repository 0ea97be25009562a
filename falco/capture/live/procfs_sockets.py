"""The sockets of a network namespace by inode, out of /proc/<pid>/net: what each is bound and connected to.

Sockets that are neither are in none of these files; the name of their protocol is an attribute of the file.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from falco.capture.live.procfs_text import ProcError, text
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import NO_ADDRESS, NO_ADDRESS6, swap_ends, unmapped

MAX_SOCKETS = 262_144
"""Of one network namespace; more are counted, and known by their protocol alone."""
MAX_NAMESPACES = 4096
_LISTEN = 0x0A
_ADDRESS_DIGITS = (8, 32)

Sockets = dict[int, FdInfo]
"""Inode -> the socket, as entries of fd tables are to be copied from."""


class Namespace(NamedTuple):
    """A network namespace's sockets, how many there were too many of, and whether they could be read to the end."""

    sockets: Sockets
    refused: int
    whole: bool


def parse_inet(raw: bytes, l4proto: L4, rows: Sockets, listening: set[tuple[int, int]]) -> None:
    """The lines of tcp, udp, raw and the like of either family.

    Sockets without a peer serve; listening gets their protocol and port. A line that makes no sense raises ProcError.
    """
    for fields in _lines(raw, 10):
        local, local_port = _endpoint(fields[1])
        remote, remote_port = _endpoint(fields[2])
        fd = FdInfo(FdType.IPV4_SOCK if len(local) == 4 else FdType.IPV6_SOCK, ino=_integer(fields[9], 10))
        fd.l4proto = l4proto
        if l4proto in (L4.RAW, L4.ICMP):
            # The local "port" of a raw socket is its protocol's number.
            fd.source, fd.destination = local, remote
        elif not remote_port and not any(remote):
            _serve(fd, local, local_port)
            if l4proto != L4.TCP or _integer(fields[3], 16) == _LISTEN:
                listening.add((l4proto, local_port))
        else:
            fd.source, fd.source_port, fd.destination, fd.destination_port = local, local_port, remote, remote_port
            fd.connected = True
        _narrow(fd)
        rows[fd.ino] = fd


def _serve(fd: FdInfo, address: bytes, port: int) -> None:
    fd.type = FdType.IPV4_SERVSOCK if len(address) == 4 else FdType.IPV6_SERVSOCK
    fd.role, fd.destination, fd.destination_port = Role.SERVER, address, port


def _narrow(fd: FdInfo) -> None:
    """An IPv6 socket with v4-mapped addresses is an IPv4 one, as it is where state learns of it by events."""
    source, destination = unmapped(fd.source), unmapped(fd.destination)
    if len(destination) == 4 and len(source) in (0, 4):
        fd.source, fd.destination = source, destination
        fd.type = FdType.IPV4_SERVSOCK if fd.type in (FdType.IPV4_SERVSOCK, FdType.IPV6_SERVSOCK) else FdType.IPV4_SOCK


def set_roles(rows: Sockets, listening: set[tuple[int, int]]) -> None:
    """A connection from a port that is listened at serves, any other is a client's; clients are the source."""
    for fd in rows.values():
        if fd.connected:
            if (fd.l4proto, fd.source_port) in listening:
                swap_ends(fd)
                fd.role = Role.SERVER
            else:
                fd.role = Role.CLIENT


def parse_unix(raw: bytes, rows: Sockets) -> None:
    """The lines of unix; an abstract name begins with @. A newline in a name looks like a line of its own: passed over.

    A name can be made to look like a further line, of a socket that is in truth another's. So the first line with an
    inode is the one that counts.
    """
    for line in raw.split(b"\n")[1:]:
        fields = line.split(None, 7)
        if len(fields) < 7 or not fields[0].endswith(b":"):
            continue
        try:
            pointer, inode = _integer(fields[0][:-1], 16), _integer(fields[6], 10)
        except ProcError:
            continue
        if inode not in rows:
            rows[inode] = fd = FdInfo(FdType.UNIX_SOCK, text(fields[7]) if len(fields) > 7 else "", ino=inode)
            fd.source_pointer = pointer


def parse_netlink(raw: bytes, rows: Sockets) -> None:
    """The lines of netlink. Raises ProcError."""
    for fields in _lines(raw, 10):
        inode = _integer(fields[9], 10)
        rows[inode] = FdInfo(FdType.NETLINK, ino=inode)


def _lines(raw: bytes, fields: int) -> Iterator[list[bytes]]:
    """The fields of each whole line but the heading; the last line may be cut."""
    for line in raw.split(b"\n")[1:-1]:
        found = line.split()
        if len(found) < fields:
            raise ProcError(f"a line has {len(found)} fields, not {fields}")
        yield found


def _endpoint(field: bytes) -> tuple[bytes, int]:
    """`ADDRESS:PORT` in hexadecimal; the address is 32-bit words, each in the order of the machine."""
    address, _, port = field.partition(b":")
    if len(address) not in _ADDRESS_DIGITS:
        raise ProcError(f"{field[:50]!r} is not an address and a port")
    words = (_integer(address[at : at + 8], 16) for at in range(0, len(address), 8))
    return b"".join(word.to_bytes(4, sys.byteorder) for word in words), _integer(port, 16) & 0xFFFF


def _integer(digits: bytes, base: int) -> int:
    try:
        value = int(digits, base) if len(digits) <= 20 else -1
    except ValueError:
        value = -1
    if value < 0:
        raise ProcError(f"{digits[:20]!r} is not a number")
    return value


_INET_FILES = (
    ("tcp", L4.TCP),
    ("tcp6", L4.TCP),
    ("udp", L4.UDP),
    ("udp6", L4.UDP),
    ("udplite", L4.UDP),
    ("udplite6", L4.UDP),
    ("icmp", L4.ICMP),
    ("icmp6", L4.ICMP),
    ("raw", L4.RAW),
    ("raw6", L4.RAW),
)
Read = Callable[[str], bytes]
"""Reads a file of a process's directory in /proc, b'' where there is none."""


def namespace(read: Read) -> Namespace:
    """All sockets of the network namespace of the process whose files read gives."""
    rows: Sockets = {}
    listening: set[tuple[int, int]] = set()
    for name, l4proto in _INET_FILES:
        _tolerate(parse_inet, read(f"net/{name}"), l4proto, rows, listening)
    set_roles(rows, listening)
    _tolerate(parse_netlink, read("net/netlink"), rows)
    unix = read("net/unix")
    parse_unix(unix, rows)
    refused = max(0, len(rows) - MAX_SOCKETS)
    for inode in list(rows)[MAX_SOCKETS:]:
        del rows[inode]
    # Every namespace has at least the heading of this last file, unless the process that leads to it has gone.
    return Namespace(rows, refused, bool(unix))


def _tolerate(parse: Callable[..., None], *arguments: object) -> None:
    """What stands before a line that makes no sense counts."""
    try:
        parse(*arguments)
    except ProcError:
        return


_PROTOCOLS = {
    b"TCP": (FdType.IPV4_SOCK, L4.TCP),
    b"TCPv6": (FdType.IPV6_SOCK, L4.TCP),
    b"UDP": (FdType.IPV4_SOCK, L4.UDP),
    b"UDPv6": (FdType.IPV6_SOCK, L4.UDP),
    b"UDP-Lite": (FdType.IPV4_SOCK, L4.UDP),
    b"UDPLITEv6": (FdType.IPV6_SOCK, L4.UDP),
    b"PING": (FdType.IPV4_SOCK, L4.ICMP),
    b"PINGv6": (FdType.IPV6_SOCK, L4.ICMP),
    b"RAW": (FdType.IPV4_SOCK, L4.RAW),
    b"RAWv6": (FdType.IPV6_SOCK, L4.RAW),
    b"UNIX": (FdType.UNIX_SOCK, L4.UNKNOWN),
    b"UNIX-STREAM": (FdType.UNIX_SOCK, L4.UNKNOWN),
    b"NETLINK": (FdType.NETLINK, L4.UNKNOWN),
}
"""Names of `struct proto` in net/*, as the attribute system.sockprotoname of a socket's file tells them."""


def by_protocol(path: str, inode: int) -> FdInfo:
    """A socket that is in no list, as far as its protocol tells; of unknown type where that cannot be had."""
    try:
        name = os.getxattr(path, "system.sockprotoname").rstrip(b"\0")
    except OSError:
        name = b""
    kind, l4proto = _PROTOCOLS.get(name, (FdType.UNKNOWN, L4.UNKNOWN))
    fd = FdInfo(kind, ino=inode)
    fd.l4proto = l4proto
    if kind in (FdType.IPV4_SOCK, FdType.IPV6_SOCK):
        fd.source = fd.destination = NO_ADDRESS if kind == FdType.IPV4_SOCK else NO_ADDRESS6
    return fd


@dataclasses.dataclass(slots=True)
class Namespaces:
    """The network namespaces met so far by their inode. refused counts what was too much of them."""

    known: dict[int, Sockets] = dataclasses.field(default_factory=dict)
    refused: int = 0

    def of(self, inode: int | None, read: Read) -> Sockets:
        """The sockets of a namespace, which is read when it is met first; each time if its inode is not known."""
        found = None if inode is None else self.known.get(inode)
        if found is not None:
            return found
        if len(self.known) >= MAX_NAMESPACES:
            self.refused += 1
            return {}
        sockets, refused, whole = namespace(read)
        self.refused += refused
        if whole and inode is not None:
            self.known[inode] = sockets
        return sockets
