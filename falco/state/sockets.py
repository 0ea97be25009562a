"""What socket calls do to the fd table."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from falco.events.decode import AF_INET, AF_INET6, AF_UNIX, SockAddr, SockTuple, signed, sockaddr, socktuple, unsigned
from falco.events.table import CODES, EVENT_TABLE
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.files import call_params, created
from falco.state.network import (
    INET_TYPES,
    NETWORK_TYPES,
    endpoint,
    guess_role,
    swap_ends,
    tuple_name,
    unmapped,
)

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

AF_NETLINK = 16
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW = 1, 2, 3
_PROTOCOLS = {6: L4.TCP, 17: L4.UDP, 1: L4.ICMP, 255: L4.RAW}
_FAMILIES = {
    AF_UNIX: FdType.UNIX_SOCK,
    AF_INET: FdType.IPV4_SOCK,
    AF_INET6: FdType.IPV6_SOCK,
    AF_NETLINK: FdType.NETLINK,
}
_TUPLE = 63
"""Index of an exit event's tuple parameter where it has none: beyond every event, hence absent."""
_TUPLE_INDEX = tuple(_TUPLE if (found := t.index("tuple")) is None else found for t in EVENT_TABLE)
_ENTER_TUPLE = 2


def socket_exit(state: State, event: Event) -> None:
    """socket: a nameless entry, typed by domain, type and protocol."""
    thread, number = event.thread, signed(event.raw(0))
    assert thread is not None
    params = call_params(thread, event, 3, 1)
    if number < 0 or params is None:
        return
    domain, kind, protocol = map(unsigned, params[:3])
    fd_type = _FAMILIES.get(domain)
    if fd_type is None:
        return
    fd = FdInfo(fd_type)
    if fd_type in INET_TYPES:
        fd.l4proto = _transport(kind, protocol)
        fd.source = fd.destination = bytes(4 if fd_type == FdType.IPV4_SOCK else 16)
    created(state, event, number, fd)


def _transport(kind: int, protocol: int) -> L4:
    if protocol:
        found = _PROTOCOLS.get(protocol, L4.UNKNOWN)
        return L4.RAW if found in (L4.TCP, L4.UDP, L4.ICMP) and kind & 0xFF == SOCK_RAW else found
    return {SOCK_STREAM: L4.TCP, SOCK_DGRAM: L4.UDP}.get(kind & 0xFF, L4.UNKNOWN)


def socketpair_exit(state: State, event: Event) -> None:
    """socketpair: two ends of one unix connection."""
    if not event.raw(0) or signed(event.raw(0)) < 0:
        return
    source, peer = unsigned(event.raw(3)), unsigned(event.raw(4))
    for index, ends in ((1, (source, peer)), (2, (peer, source))):
        fd = FdInfo(FdType.UNIX_SOCK)
        fd.source_pointer, fd.destination_pointer = ends
        created(state, event, signed(event.raw(index)), fd)


def bind_exit(state: State, event: Event) -> None:
    """bind: an inet socket with a port becomes a serving one; others are only named."""
    del state
    fd, raw = event.fd, event.raw(1)
    if event.error or fd is None or not raw:
        return
    address = sockaddr(raw)
    if address.family in (AF_INET, AF_INET6) and address.port:
        _bind_inet(fd, address)
    set_name(event, fd, _address_name(address))


def _bind_inet(fd: FdInfo, address: SockAddr) -> None:
    fd.destination = unmapped(address.address)
    fd.type = FdType.IPV4_SERVSOCK if len(fd.destination) == 4 else FdType.IPV6_SERVSOCK
    fd.destination_port = address.port
    fd.role = Role.SERVER


def _address_name(address: SockAddr) -> str:
    if address.family in (AF_INET, AF_INET6):
        return endpoint(address.address, address.port)
    return address.path if address.family == AF_UNIX else f"family {address.family}"


def connect_exit(state: State, event: Event) -> None:
    """connect: the tuple names both ends. Other failures than EINPROGRESS leave the entry as it was."""
    fd, raw = event.fd, event.raw(1)
    if not raw:
        return
    if event.error and event.error != errno.EINPROGRESS:
        event.path = _tuple_text(state, socktuple(raw))
        return
    if fd is None:
        return
    ends = socktuple(raw)
    if ends.family == AF_UNIX:
        _set_unix(fd, ends)
        fd.role = fd.role or Role.CLIENT
        set_name(event, fd, unix_name(ends))
        return
    if ends.family not in (AF_INET, AF_INET6):
        return
    set_inet(state, fd, ends)
    if fd.l4proto == L4.UDP and fd.role == Role.SERVER:
        swap_ends(fd)
    else:
        fd.role = fd.role or Role.CLIENT
    fd.connected = True
    set_name(event, fd, tuple_name(fd))


def _tuple_text(state: State, ends: SockTuple) -> str:
    """What a failed connect shows as its fd's name."""
    if ends.family == AF_UNIX:
        return unix_name(ends)
    if ends.family not in (AF_INET, AF_INET6):
        return ""
    fd = FdInfo(FdType.IPV4_SOCK)
    set_inet(state, fd, ends)
    return tuple_name(fd)


def unix_name(ends: SockTuple) -> str:
    """`source->destination path` of a unix socket, the ends in hexadecimal."""
    return f"{ends.source_pointer:x}->{ends.destination_pointer:x} {ends.path}"


def _set_unix(fd: FdInfo, ends: SockTuple) -> None:
    fd.type = FdType.UNIX_SOCK
    fd.source_pointer, fd.destination_pointer = ends.source_pointer, ends.destination_pointer


def set_inet(state: State, fd: FdInfo, ends: SockTuple) -> None:
    """Give an fd the ends of an inet tuple, v4-mapped addresses as IPv4, a missing local address guessed."""
    fd.source, fd.destination = unmapped(ends.source), unmapped(ends.destination)
    if len(fd.source) != len(fd.destination):
        fd.source, fd.destination = ends.source, ends.destination
    fd.source_port, fd.destination_port = ends.source_port, ends.destination_port
    fd.type = FdType.IPV4_SOCK if len(fd.source) == 4 else FdType.IPV6_SOCK
    state.interfaces.complete(fd)


def accept_exit(state: State, event: Event) -> None:
    """accept: a new connection in which this process serves."""
    number, raw = signed(event.raw(0)), event.raw(1)
    if not raw:
        return
    ends = socktuple(raw)
    if number < 0:
        event.path = _tuple_text(state, ends)
        return
    fd = FdInfo(FdType.UNIX_SOCK)
    if ends.family == AF_UNIX:
        _set_unix(fd, ends)
        fd.name = unix_name(ends)
    elif ends.family in (AF_INET, AF_INET6):
        set_inet(state, fd, ends)
        fd.l4proto = L4.TCP
        fd.name = tuple_name(fd)
    else:
        return
    fd.role, fd.connected = Role.SERVER, True
    created(state, event, number, fd)


def send_enter(state: State, event: Event) -> None:
    """sendto, sendmsg: the destination is in the enter, which is kept; an unknown fd is a UDP socket."""
    thread = event.thread
    assert thread is not None
    thread.enter = event.params()
    raw = event.raw(_ENTER_TUPLE)
    if event.fd is None and event.code == CODES["SOCKET_SENDTO_E"] and raw:
        ends = socktuple(raw)
        if ends.family in (AF_INET, AF_INET6):
            fd = FdInfo(FdType.IPV4_SOCK)
            set_inet(state, fd, ends)
            fd.l4proto = L4.UDP
            state.add_fd(thread, thread.last_fd, fd)
            event.fd = fd


def send_exit(state: State, event: Event) -> None:
    """sendto, sendmsg: a datagram socket takes over the ends of what it sent."""
    thread = event.thread
    assert thread is not None
    params = call_params(thread, event, 3, 2)
    _transferred(state, event, params[_ENTER_TUPLE] if params else b"", incoming=False)


def receive_exit(state: State, event: Event) -> None:
    """recvfrom, recvmsg: a datagram socket takes over the ends of what it received."""
    _transferred(state, event, event.raw(_TUPLE_INDEX[event.code]), incoming=True)


def io_exit(state: State, event: Event) -> None:
    """Any other successful transfer shows that an inet socket is connected."""
    del state
    fd = event.fd
    if fd is not None and not event.error and fd.type in INET_TYPES:
        fd.connected = True


def _transferred(state: State, event: Event, raw: bytes, incoming: bool) -> None:
    fd, thread = event.fd, event.thread
    if fd is None or thread is None or event.error:
        return
    if raw and not (fd.name and fd.l4proto == L4.TCP and fd.type in NETWORK_TYPES):
        ends = socktuple(raw)
        if ends.family == AF_UNIX:
            _set_unix(fd, ends)
            set_name(event, fd, unix_name(ends) if not incoming else ends.path)
        elif ends.family in (AF_INET, AF_INET6) and not _same_ends(fd, ends):
            _take_ends(state, event, fd, ends, incoming)
    if fd.type in INET_TYPES:
        fd.connected = True


def _same_ends(fd: FdInfo, ends: SockTuple) -> bool:
    """Whether a tuple names the ends that an fd has already, in either orientation."""
    one, other = (unmapped(ends.source), ends.source_port), (unmapped(ends.destination), ends.destination_port)
    mine = (fd.source, fd.source_port), (fd.destination, fd.destination_port)
    return bool(fd.name) and fd.type in INET_TYPES and mine in ((one, other), (other, one))


def _take_ends(state: State, event: Event, fd: FdInfo, ends: SockTuple, incoming: bool) -> None:
    thread = event.thread
    assert thread is not None
    role = fd.role
    set_inet(state, fd, ends)
    if fd.l4proto == L4.UNKNOWN:
        fd.l4proto = L4.UDP
    if role == Role.NONE:
        fd.role = guess_role(thread, fd, incoming)
    # The client is always the source: a client that receives and a server that sends stand at the other end.
    if (fd.role == Role.CLIENT and incoming) or (fd.role == Role.SERVER and not incoming):
        swap_ends(fd)
    set_name(event, fd, tuple_name(fd))


def set_name(event: Event, fd: FdInfo, name: str) -> None:
    """Rename an fd and note on the event whether that changed it."""
    event.fd_name_changed = name != fd.name
    fd.name = name


def getsockopt_exit(state: State, event: Event) -> None:
    """Getsockopt has no parameters on enter: its exit says which fd it is about."""
    del state
    thread = event.thread
    assert thread is not None
    raw = event.raw(1)
    if raw:
        thread.last_fd = signed(raw)
        event.fd = thread.main.fds.get(thread.last_fd)
