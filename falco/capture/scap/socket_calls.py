"""What an fd list cannot say of a socket, said by the calls that would make it so, as events for state only.

A list has no place for the role of a socket, its name, and whether it is new or connected; whoever loads one takes a
guess from the ports that are bound.
"""

from __future__ import annotations

from collections.abc import Iterator

from falco.capture.scap import blocks, packing, writer
from falco.events.decode import AF_INET, AF_INET6
from falco.events.table import CODES
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import NETWORK_TYPES, SERVER_TYPES, V4_MAPPED, plain_endpoint, swap_ends, tuple_name
from falco.state.snapshot import Snapshot
from falco.state.state import State
from falco.state.threads import ThreadInfo

_KINDS: dict[int, tuple[int, int]] = {L4.TCP: (1, 0), L4.UDP: (2, 0), L4.ICMP: (2, 1), L4.RAW: (3, 255)}
"""Transport -> type and protocol of a socket() that makes such a socket."""
_NO_RESULT, _NO_SIZE = bytes(8), bytes(4)


def retell(snapshot: Snapshot, ts: int) -> Iterator[bytes]:
    """Blocks of events at ts (ns) after which a reader of snapshot's blocks knows its sockets as they are."""
    loaded = _as_loaded(snapshot)
    for thread in snapshot.threads.values():
        for number, fd in thread.fds.items():
            if fd.type in NETWORK_TYPES and _known(fd) != _known(loaded[thread.tid].fds[number]):
                yield from _Calls(thread.tid, number, fd, ts).events()


def _as_loaded(snapshot: Snapshot) -> dict[int, ThreadInfo]:
    """The sockets as they are after the lists were loaded."""
    served, threads = writer.served_ports(snapshot), {}
    for tid, thread in snapshot.threads.items():
        threads[tid] = ThreadInfo(tid, tid)
        for number, fd in thread.fds.items():
            if fd.type in NETWORK_TYPES:
                threads[tid].fds[number] = listed = fd.copy()
                listed.role, listed.name, listed.connected = Role.NONE, "", False
                if writer.own_end_is_destination(fd, served):
                    swap_ends(listed)
    state = State()
    state.load(Snapshot(interfaces=snapshot.interfaces, threads=threads))
    return threads


def _known(fd: FdInfo) -> tuple[object, ...]:
    ends = (fd.source, fd.source_port) if fd.type not in SERVER_TYPES else ()
    return (fd.type, fd.name, *ends, fd.destination, fd.destination_port, fd.l4proto, fd.role, fd.connected)


class _Calls:
    """The calls of one socket's life, as far as they show in what is known of it."""

    def __init__(self, tid: int, number: int, fd: FdInfo, ts: int) -> None:
        self.tid, self.fd, self.ts = tid, fd, ts
        self.number = packing.u64(number)
        self.size = 16 if fd.type in (FdType.IPV6_SOCK, FdType.IPV6_SERVSOCK) else 4

    def events(self) -> Iterator[bytes]:
        fd = self.fd
        if fd.type in SERVER_TYPES:
            yield from (*self._socket(), *self._bind(*self._bound_address()))
        elif not fd.name:
            yield from self._socket()
        elif fd.role == Role.SERVER and fd.l4proto == L4.TCP:
            yield self._event("SOCKET_ACCEPT_5_E")
            yield self._event("SOCKET_ACCEPT_5_X", self.number, self._ends(), b"\0", _NO_SIZE, _NO_SIZE)
        elif fd.role == Role.SERVER:
            yield from (*self._socket(), *self._bind(fd.destination, self.size))
            for _ in range(1 + fd.connected):  # The first gives it its ends, the next finds it connected.
                yield self._event("SOCKET_RECVFROM_E", self.number, _NO_SIZE)
                yield self._event("SOCKET_RECVFROM_X", _NO_RESULT, b"", self._ends())
        elif fd.role == Role.CLIENT:
            yield from self._socket()
            yield from self._send() if fd.name == tuple_name(fd) and fd.l4proto != L4.TCP else self._connect()

    def _socket(self) -> Iterator[bytes]:
        kind, protocol = _KINDS.get(self.fd.l4proto, (0, 0))
        yield self._event("SOCKET_SOCKET_E", *map(packing.u32, (_family(self.size), kind, protocol)))
        yield self._event("SOCKET_SOCKET_X", self.number)

    def _bind(self, address: bytes, size: int) -> Iterator[bytes]:
        yield self._event("SOCKET_BIND_E", self.number)
        named = bytes((_family(size),)) + _end(address, self.fd.destination_port, size)
        yield self._event("SOCKET_BIND_X", _NO_RESULT, named)

    def _connect(self) -> Iterator[bytes]:
        yield self._event("SOCKET_CONNECT_E", self.number)
        yield self._event("SOCKET_CONNECT_X", _NO_RESULT, self._ends())

    def _send(self) -> Iterator[bytes]:
        yield self._event("SOCKET_SENDTO_E", self.number, _NO_SIZE, self._ends())
        yield self._event("SOCKET_SENDTO_X", _NO_RESULT, b"")

    def _bound_address(self) -> tuple[bytes, int]:
        """The address that was bound, and its size: an IPv6 one may have become an IPv4 one in all but the name."""
        fd = self.fd
        for address in (fd.destination, V4_MAPPED + fd.destination, bytes(16)):
            if len(address) in (4, 16) and plain_endpoint(address, fd.destination_port) == fd.name:
                return address, len(address)
        return fd.destination, self.size

    def _ends(self) -> bytes:
        fd = self.fd
        source = _end(fd.source, fd.source_port, self.size)
        return bytes((_family(self.size),)) + source + _end(fd.destination, fd.destination_port, self.size)

    def _event(self, symbol: str, *params: bytes) -> bytes:
        return writer.event(CODES[symbol], self.ts, self.tid, params, flags=blocks.STATE_ONLY)


def _family(size: int) -> int:
    return AF_INET if size == 4 else AF_INET6


def _end(address: bytes, port: int, size: int) -> bytes:
    return packing.address(address, size) + packing.u16(port)
