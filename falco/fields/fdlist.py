"""fdlist.*: the fds that poll and ppoll wait on, as comma-separated lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events.decode import fdlist
from falco.events.table import EVENT_TABLE
from falco.events.types import Format, ParamType
from falco.fields.field import VARIES, Extractor, Field, Scope
from falco.state.fds import FdInfo, FdType
from falco.state.network import INET_TYPES, NETWORK_TYPES, address_text

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.events.table import EventType

Item = Callable[[int, FdInfo | None], str | None]
"""fd number and what is known of it -> the list's item, None to leave it out."""

_LISTS = tuple(
    next((i for i, param in enumerate(event_type.params) if param.type is ParamType.FDLIST), None)
    for event_type in EVENT_TABLE
)
"""By code: which parameter is the list."""


def listing(item: Item) -> Extractor:
    """An extractor that joins the items; None where the event has no list or no fd of it has an item."""

    def extract(event: Event) -> object:
        index = _LISTS[event.code]
        if index is None or event.thread is None:
            return None
        raw = event.raw(index)
        fds = event.thread.main.fds
        items = (item(number, fds.get(number)) for number, _ in (fdlist(raw) if raw else ()))
        return ",".join(text for text in items if text is not None) or None

    return extract


def _number(number: int, _fd: FdInfo | None) -> str | None:
    return str(number)


def _name(_number: int, fd: FdInfo | None) -> str | None:
    return (fd.name if fd is not None else "") or "<NA>"


def _client_ip(_number: int, fd: FdInfo | None) -> str | None:
    return _address(fd, fd.source) if fd is not None and fd.type in INET_TYPES else None


def _server_ip(_number: int, fd: FdInfo | None) -> str | None:
    return _address(fd, fd.destination) if fd is not None and fd.type in NETWORK_TYPES else None


def _address(fd: FdInfo, address: bytes) -> str:
    # A socket without address yet is listed with the address of all zeros.
    return address_text(address or bytes(16 if fd.type in (FdType.IPV6_SOCK, FdType.IPV6_SERVSOCK) else 4))


def _client_port(_number: int, fd: FdInfo | None) -> str | None:
    return str(fd.source_port) if fd is not None and fd.type in INET_TYPES else None


def _server_port(_number: int, fd: FdInfo | None) -> str | None:
    return str(fd.destination_port) if fd is not None and fd.type in INET_TYPES else None


def _only_polls(event_type: EventType) -> object:
    return None if _LISTS[event_type.code] is None else VARIES


FIELDS = tuple(
    Field(name, ParamType.CHARBUF, doc, listing(item), scope=Scope.EVENT, format=form, constant=_only_polls)
    for name, form, doc, item in (
        ("fdlist.nums", Format.ID, "Numbers of the fds that poll waits on.", _number),
        ("fdlist.names", Format.NA, "Names of the fds that poll waits on.", _name),
        ("fdlist.cips", Format.NA, "Client addresses of the sockets that poll waits on.", _client_ip),
        ("fdlist.sips", Format.NA, "Server addresses of the sockets that poll waits on.", _server_ip),
        ("fdlist.cports", Format.DEC, "Client ports of the sockets that poll waits on.", _client_port),
        ("fdlist.sports", Format.DEC, "Server ports of the sockets that poll waits on.", _server_port),
    )
)
