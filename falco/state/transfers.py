"""What calls that send and receive do to the fd table: they show who talks to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events import facts
from falco.events.decode import AF_UNIX, socktuple
from falco.events.event import ABSENT, Event
from falco.events.table import CODES, EVENT_TABLE
from falco.state.enters import call_params
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.files import created
from falco.state.network import INET_TYPES, guess_role, swap_ends, take_ends, tuple_name
from falco.state.sockets import (
    INET,
    IPPROTO_UDP,
    SOCK_DGRAM,
    changing,
    connected_by_sending,
    ends_name,
    new_socket,
    set_name,
)

if TYPE_CHECKING:
    from falco.state.state import State

_TUPLE_INDEX = tuple(ABSENT if (found := t.index("tuple")) is None else found for t in EVENT_TABLE)
_ENTER_TUPLE = 2
_SENDTO_ENTER = CODES["SOCKET_SENDTO_E"]


def send_enter(state: State, event: Event) -> None:
    """sendto, sendmsg: the destination is in the enter, which is kept. sendto on an unknown fd means a UDP socket."""
    thread = event.thread
    assert thread is not None
    thread.enter = event.params()
    raw = event.raw(_ENTER_TUPLE)
    if event.fd is None and event.code == _SENDTO_ENTER and raw and raw[0] in INET and thread.last_fd >= 0:
        created(state, event, thread.last_fd, new_socket(raw[0], SOCK_DGRAM, IPPROTO_UDP))


def send_exit(state: State, event: Event) -> None:
    """sendto, sendmsg: a datagram socket takes over the ends of what it sent."""
    thread = event.thread
    assert thread is not None
    params = call_params(thread, event, 3, 2)
    _sent(state, event, params[_ENTER_TUPLE] if params else b"")


def send_many_exit(state: State, event: Event) -> None:
    """sendmmsg: as sendmsg, with the first datagram's destination in the exit; 0.15 knows nothing of it."""
    _sent(state, event, event.raw(_TUPLE_INDEX[event.code]))


def receive_exit(state: State, event: Event) -> None:
    """recvfrom, recvmsg: a datagram socket takes over the ends of what it received."""
    _transferred(state, event, event.raw(_TUPLE_INDEX[event.code]), incoming=True)


def io_exit(state: State, event: Event) -> None:
    """Any other successful transfer shows that an inet socket is connected."""
    del state
    fd = event.fd
    if fd is not None and not fd.connected and not event.error and fd.type in INET_TYPES:
        changing(event, fd).connected = True


def _sent(state: State, event: Event, raw: bytes) -> None:
    # A fact about an fd comes with nearly every call, so that one alone need not be looked at.
    if event.nparams > facts.OWN[event.code] + 1 and facts.marks(event) & facts.FAST_OPEN:
        connected_by_sending(event, raw)
    else:
        _transferred(state, event, raw, incoming=False)


def _transferred(state: State, event: Event, raw: bytes, incoming: bool) -> None:
    fd = event.fd
    if fd is None or event.error:
        return
    if fd.type in INET_TYPES and not fd.connected:
        fd = changing(event, fd)
        fd.connected = True
    # The ends of a TCP connection do not change; libsinsp knows only IPv4 ones as such, which comes to the same.
    if not raw or (fd.name and fd.type == FdType.IPV4_SOCK and fd.l4proto == L4.TCP):
        return
    ends, fd = socktuple(raw), changing(event, fd)
    if ends.family in INET:
        if take_ends(fd, ends):
            _took_ends(state, event, fd, incoming)
        return
    if ends.family == AF_UNIX:
        fd.type = FdType.UNIX_SOCK
        fd.source_pointer, fd.destination_pointer = ends.source_pointer, ends.destination_pointer
    set_name(event, fd, ends_name(ends))


def _took_ends(state: State, event: Event, fd: FdInfo, incoming: bool) -> None:
    state.interfaces.complete(fd)
    if fd.l4proto == L4.UNKNOWN:
        fd.l4proto = L4.UDP
    if fd.role == Role.NONE:
        fd.role = guess_role(fd, incoming)
    # The client is always the source: a client that receives and a server that sends stand at the other end.
    if (fd.role == Role.CLIENT) == incoming:
        swap_ends(fd)
    set_name(event, fd, tuple_name(fd))
