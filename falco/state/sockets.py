"""What calls that make, name and connect sockets do to the fd table."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from falco.events.decode import AF_INET, AF_INET6, AF_UNIX, SockAddr, SockTuple, signed, sockaddr, socktuple, unsigned
from falco.state.enters import call_params
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.files import created
from falco.state.network import (
    INET_TYPES,
    NO_ADDRESS,
    NO_ADDRESS6,
    narrow,
    plain_endpoint,
    swap_ends,
    take_ends,
    tuple_name,
)

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

AF_NETLINK = 16
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW = 1, 2, 3
IPPROTO_UDP = 17
INET = (AF_INET, AF_INET6)
_PROTOCOLS = {6: L4.TCP, IPPROTO_UDP: L4.UDP, 1: L4.ICMP, 255: L4.RAW}
_BY_TYPE = {SOCK_STREAM: L4.TCP, SOCK_DGRAM: L4.UDP}
_FAMILIES = {
    AF_UNIX: FdType.UNIX_SOCK,
    AF_INET: FdType.IPV4_SOCK,
    AF_INET6: FdType.IPV6_SOCK,
    AF_NETLINK: FdType.NETLINK,
}
NO_NAME = "NULL"
"""What an absent address prints as."""


def socket_exit(state: State, event: Event) -> None:
    """socket: a nameless entry, typed by domain, type and protocol."""
    thread, raw = event.thread, event.raw(0)
    assert thread is not None
    params = call_params(thread, event, 3, 1)
    if raw and signed(raw) >= 0 and params is not None:
        created(state, event, signed(raw), new_socket(*map(unsigned, params[:3])))


def new_socket(domain: int, kind: int, protocol: int) -> FdInfo:
    """The nameless entry of a socket of a domain, type and protocol."""
    fd = FdInfo(_FAMILIES.get(domain, FdType.UNKNOWN))
    if fd.type in INET_TYPES:
        fd.l4proto = _transport(kind, protocol)
        fd.source = fd.destination = NO_ADDRESS if fd.type == FdType.IPV4_SOCK else NO_ADDRESS6
    return fd


def _transport(kind: int, protocol: int) -> L4:
    if not protocol:
        return _BY_TYPE.get(kind & 0xFF, L4.UNKNOWN)
    # As in 0.15, a raw socket that is also SOCK_CLOEXEC or SOCK_NONBLOCK counts as one of its protocol
    # (sinsp_parser::add_socket compares the whole type).
    return L4.RAW if kind == SOCK_RAW and protocol in _PROTOCOLS else _PROTOCOLS.get(protocol, L4.UNKNOWN)


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
    raw = event.raw(1)
    if event.error or event.fd is None or not raw:
        return
    fd, address = changing(event, event.fd), sockaddr(raw)
    if address.family in INET and address.port:
        fd.source, fd.destination, fd.destination_port = b"", narrow(address.address), address.port
        fd.type = FdType.IPV4_SERVSOCK if len(fd.destination) == 4 else FdType.IPV6_SERVSOCK
        fd.role = Role.SERVER
    set_name(event, fd, _address_name(address))


def _address_name(address: SockAddr) -> str:
    if address.family in INET:
        return plain_endpoint(address.address, address.port)
    return address.path if address.family == AF_UNIX else f"family {address.family}"


def connect_exit(state: State, event: Event) -> None:
    """connect: the tuple names both ends. Other failures than EINPROGRESS leave the entry as it was."""
    del state
    fd, raw = event.fd, event.raw(1)
    ends = socktuple(raw) if raw else None
    if event.error or fd is None:
        event.path = NO_NAME if ends is None else ends_name(ends)
    if fd is None or (event.error and event.error != errno.EINPROGRESS):
        return
    fd = changing(event, fd)
    fd.connected = True
    if ends is not None:
        set_name(event, fd, _connect(fd, ends))
        fd.role = fd.role or Role.CLIENT


def connected_by_sending(event: Event, raw: bytes) -> None:
    """A call that sent with MSG_FASTOPEN: as connect, and the event's fd has a new name even if a fact has given it."""
    ends, fd = socktuple(raw) if raw else None, event.fd
    if ends is None or fd is None:
        return
    fd = changing(event, fd)
    fd.connected, fd.role, fd.name = True, fd.role or Role.CLIENT, _connect(fd, ends)
    event.fd_name_changed = True


def changing(event: Event, fd: FdInfo) -> FdInfo:
    """The event's fd, to be changed: one that a parent or child may still share is copied first."""
    thread = event.thread
    if thread is not None and fd.epoch != thread.main.epoch:
        shared, fds = fd, thread.main.fds
        event.fd = fd = shared.copy()
        fd.epoch = thread.main.epoch
        if fds.get(thread.last_fd) is shared:
            fds[thread.last_fd] = fd
    return fd


def _connect(fd: FdInfo, ends: SockTuple) -> str:
    if ends.family in INET:
        changed = take_ends(fd, ends)
        if fd.role == Role.SERVER and fd.l4proto == L4.UDP:
            if changed:
                swap_ends(fd)
            return tuple_name(fd)
    elif ends.family == AF_UNIX:
        fd.source_pointer, fd.destination_pointer = ends.source_pointer, ends.destination_pointer
    return ends_name(ends)


def ends_name(ends: SockTuple) -> str:
    """A tuple as the event has it: ports always shown, v4-mapped addresses as IPv4."""
    if ends.family == AF_UNIX:
        return unix_name(ends)
    if ends.family not in INET:
        return f"family {ends.family}"
    source, destination = narrow(ends.source), narrow(ends.destination)
    if len(source) != len(destination):
        source, destination = ends.source, ends.destination
    return f"{plain_endpoint(source, ends.source_port)}->{plain_endpoint(destination, ends.destination_port)}"


def unix_name(ends: SockTuple) -> str:
    """`source->destination path` of a unix socket, the ends in hexadecimal."""
    return f"{ends.source_pointer:x}->{ends.destination_pointer:x} {ends.path}"


def accept_exit(state: State, event: Event) -> None:
    """accept: a new connection in which this process serves."""
    thread, result, raw = event.thread, event.raw(0), event.raw(1)
    assert thread is not None
    ends = socktuple(raw) if raw else None
    event.path = NO_NAME if ends is None else ends_name(ends)
    if not result or signed(result) < 0:
        return
    thread.last_fd = signed(result)
    fd = None if ends is None else _accepted(ends)
    if fd is not None:
        fd.name, event.path = event.path, None
        created(state, event, signed(result), fd)


def _accepted(ends: SockTuple) -> FdInfo | None:
    fd = FdInfo(FdType.UNIX_SOCK)
    if ends.family in INET:
        take_ends(fd, ends)
        fd.l4proto = L4.TCP
    elif ends.family == AF_UNIX:
        fd.source_pointer, fd.destination_pointer = ends.source_pointer, ends.destination_pointer
    else:
        return None
    fd.role, fd.connected = Role.SERVER, True
    return fd


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
