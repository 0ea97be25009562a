"""What an fd list cannot say of a socket, said by the calls that would make it so, as events for state only.

A list has no place for the role of a socket and for its being new or connected; loading one guesses the role from the
ports that are bound. libsinsp moreover forgets the transport of IPv6 sockets and never turns their ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.capture.scap import blocks, writer
from falco.events.decode import AF_INET, AF_INET6
from falco.events.table import CODES
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import INET_TYPES

if TYPE_CHECKING:
    from falco.state.snapshot import Snapshot

_KINDS: dict[int, tuple[int, int]] = {L4.TCP: (1, 0), L4.UDP: (2, 0), L4.ICMP: (2, 1), L4.RAW: (3, 255)}
"""Transport -> type and protocol of a socket() that makes such a socket."""


def retell(snapshot: Snapshot, ts: int) -> Iterator[bytes]:
    """Blocks of events at ts (ns) after which a reader of snapshot's blocks knows its sockets as they are."""
    served = writer.served_ports(snapshot)
    for thread in snapshot.threads.values():
        for number, fd in thread.fds.items():
            if fd.type in INET_TYPES and _misread(fd, served):
                yield from _Calls(thread.tid, number, fd, ts).events()


def _misread(fd: FdInfo, served: set[int]) -> bool:
    if fd.type == FdType.IPV6_SOCK:
        return True
    source_port = fd.destination_port if writer.own_end_is_destination(fd, served) else fd.source_port
    guessed = Role.SERVER if source_port in served else Role.CLIENT
    return not fd.name or fd.role != guessed or fd.connected != (fd.l4proto == L4.TCP)


class _Calls:
    """The calls of one socket's life, as far as they show in what is known of it."""

    def __init__(self, tid: int, number: int, fd: FdInfo, ts: int) -> None:
        self.tid, self.fd, self.ts = tid, fd, ts
        self.number = writer.u64(number)
        self.family = AF_INET6 if fd.type == FdType.IPV6_SOCK else AF_INET

    def events(self) -> Iterator[bytes]:
        fd = self.fd
        kind, protocol = _KINDS.get(fd.l4proto, (0, 0))
        yield self._event("SOCKET_SOCKET_E", *map(writer.u32, (self.family, kind, protocol)))
        yield self._event("SOCKET_SOCKET_X", self.number)
        accepted = fd.role == Role.SERVER and fd.l4proto == L4.TCP
        if fd.role == Role.SERVER and not accepted:
            yield self._event("SOCKET_BIND_E", self.number)
            yield self._event("SOCKET_BIND_X", bytes(8), self._address())
        if not fd.name:
            return
        if accepted:
            yield self._event("SOCKET_ACCEPT_5_E")
            yield self._event("SOCKET_ACCEPT_5_X", self.number, self._ends(), b"\0", bytes(4), bytes(4))
        elif fd.role == Role.SERVER:
            yield self._event("SOCKET_RECVFROM_E", self.number, bytes(4))
            yield self._event("SOCKET_RECVFROM_X", bytes(8), b"", self._ends())
        else:
            yield self._event("SOCKET_CONNECT_E", self.number)
            yield self._event("SOCKET_CONNECT_X", bytes(8), self._ends())

    def _event(self, symbol: str, *params: bytes) -> bytes:
        return writer.event(CODES[symbol], self.ts, self.tid, params, flags=blocks.STATE_ONLY)

    def _address(self) -> bytes:
        return bytes((self.family,)) + self._end(self.fd.destination, self.fd.destination_port)

    def _ends(self) -> bytes:
        return bytes((self.family,)) + self._end(self.fd.source, self.fd.source_port) + self._address()[1:]

    def _end(self, address: bytes, port: int) -> bytes:
        return writer.address(address, 16 if self.family == AF_INET6 else 4) + writer.u16(port)
