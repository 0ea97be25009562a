"""How fields of file descriptors are declared, and which fd an event works on (libsinsp sinsp_filter_check_fd)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.events.table import EVENT_TABLE, EventType
from falco.events.types import EventFlag, Format, ParamType
from falco.fields.field import VARIES, Extractor, Field, KernelPath, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.events.event import Event
    from falco.state.fds import FdInfo

FD_FLAGS = EventFlag.CREATES_FD | EventFlag.USES_FD | EventFlag.DESTROYS_FD
_HAVING_FD = EventFlag.USES_FD | EventFlag.DESTROYS_FD
WORKS_ON_FD = tuple(bool(event_type.flags & FD_FLAGS) for event_type in EVENT_TABLE)
"""By event code: whether fd.* can have a value at all."""


def only_fd_events(event_type: EventType) -> object:
    """The constant of fields that read an fd: no value where there is none, nor where one is yet to be created."""
    has_none = event_type.enter and not event_type.flags & _HAVING_FD
    return VARIES if event_type.flags & FD_FLAGS and not has_none else None


def even_without_fd(event_type: EventType) -> object:
    """The constant of fields that also have a value while the fd is not there."""
    return VARIES if event_type.flags & FD_FLAGS else None


def fd_field(
    name: str,
    type: ParamType,
    doc: str,
    extract: Extractor,
    scope: Scope = Scope.EVENT,
    format: Format = Format.NA,
    later: bool = False,
) -> Field:
    """A field that reads the event's fd and takes no argument."""
    return Field(name, type, doc, extract, scope, format, constant=only_fd_events, later=later)


def also(field: Field, constant: Callable[[EventType], object]) -> Field:
    """The field with a value on events too whose fd is not there."""
    return dataclasses.replace(field, constant=constant)


def path_field(name: str, doc: str, extract: Extractor, kernel_path: KernelPath) -> Field:
    """A field with the path of the event's fd."""
    return Field(name, ParamType.CHARBUF, doc, extract, Scope.EVENT, constant=only_fd_events, kernel_path=kernel_path)


def fd_of(event: Event) -> FdInfo | None:
    """The fd that the event works on, None if it works on none or the fd is not in the table.

    An exit whose enter was not seen works on the fd that its thread used last (sinsp_filter_check_fd::extract_fd).
    """
    if not WORKS_ON_FD[event.code]:
        return None
    fd = event.fd
    if fd is None and event.fd_num >= 0 and event.thread is not None:
        return event.thread.main.fds.get(event.fd_num)
    return fd
