"""evt.*: what the event is about, and what is known of it besides; FIELDS is the whole family in the order of --list.

Most of these are the same for every event of a code, which their constants say, so that rules fold them away at load.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

from falco.events import syscalls
from falco.events.decode import text, unsigned
from falco.events.table import CODES, EVENT_TABLE, EventType
from falco.events.types import CATEGORY_MASK, Category, Format, ParamType
from falco.fields import evt_args, evt_io, evt_open, evt_result, evt_time, evt_type
from falco.fields.evt_type import GENERIC
from falco.fields.field import VARIES, Argument, Extractor, Field, Scope, Use
from falco.fields.valueless import valueless
from falco.state.fds import FdType

if TYPE_CHECKING:
    from falco.events.event import Event

_ASYNC = CODES["ASYNCEVENT_E"]
_SUBJECTS = {
    Category.UNKNOWN: "unknown",
    Category.OTHER: "other",
    Category.FILE: "file",
    Category.NET: "net",
    Category.IPC: "IPC",
    Category.MEMORY: "memory",
    Category.PROCESS: "process",
    Category.SLEEP: "sleep",
    Category.SYSTEM: "system",
    Category.SIGNAL: "signal",
    Category.USER: "user",
    Category.TIME: "time",
    Category.PROCESSING: "processing",
    Category.WAIT: "wait",
    Category.SCHEDULER: "scheduler",
}
_IO = (Category.IO_READ, Category.IO_WRITE, Category.IO_OTHER)
_CATEGORIES = tuple(None if t.subject in _IO else _SUBJECTS.get(t.subject, "unknown") for t in EVENT_TABLE)
_SYSCALL_CATEGORIES = tuple(
    _SUBJECTS.get(Category(syscalls.CATEGORIES.get(name, Category.OTHER) & CATEGORY_MASK), "unknown")
    for name in syscalls.SYSCALL_NAMES
)
_FD_SUBJECTS: dict[int, str] = {
    **dict.fromkeys((FdType.FILE, FdType.FILE_V2, FdType.DIRECTORY), "file"),
    **dict.fromkeys((FdType.IPV4_SOCK, FdType.IPV6_SOCK, FdType.IPV4_SERVSOCK, FdType.IPV6_SERVSOCK), "net"),
    **dict.fromkeys((FdType.FIFO, FdType.UNIX_SOCK, FdType.EVENT, FdType.SIGNALFD, FdType.INOTIFY), "ipc"),
    FdType.USERFAULTFD: "ipc",
}
_MILLISECOND = 1_000_000


def number(event: Event) -> object:
    return event.num


def cpu(event: Event) -> object:
    return event.cpu


def category(event: Event) -> str:
    """What the event is about; for I/O, what kind of fd it is on."""
    fixed = _CATEGORIES[event.code]
    if event.code in GENERIC:
        code = unsigned(event.raw(0))
        return _SYSCALL_CATEGORIES[code if code < len(_SYSCALL_CATEGORIES) else 0]
    if fixed is not None:
        return fixed
    return "unknown" if event.fd is None else _FD_SUBJECTS.get(event.fd.type, "unknown")


def _constant_category(event_type: EventType) -> object:
    fixed = _CATEGORIES[event_type.code]
    return VARIES if fixed is None or event_type.code in GENERIC else fixed


def _bind_around(argument: str | None) -> Extractor:
    if argument is None or not argument.isdecimal():
        raise ValueError("evt.around takes a time in nanoseconds: evt.around[1404996934793590564]=100")
    moment = int(argument)
    return lambda event: abs(event.ts - moment)


def _milliseconds(written: str) -> tuple[int]:
    if not written.isdecimal():
        raise ValueError(f"evt.around compares with a number of milliseconds, not with {written}")
    return (int(written) * _MILLISECOND,)


def _asynctype(event: Event) -> object:
    raw = event.raw(1) if event.code == _ASYNC else b""
    return text(raw) if raw else None


def _hostname(event: Event) -> object:
    override = os.environ.get("FALCO_HOSTNAME")
    machine = event.state.machine
    return override or (machine.hostname if machine is not None else None)


_HEAD = (Field("evt.num", ParamType.UINT64, "Number of the event, counted from 1.", number, format=Format.ID),)
_SUBJECT = (
    Field(
        "evt.category",
        ParamType.CHARBUF,
        "Subject of the event (file, net, process, IPC, ...), for I/O by the kind of fd it is on.",
        category,
        scope=Scope.EVENT,
        constant=_constant_category,
    ),
    Field("evt.cpu", ParamType.INT16, "Number of the CPU where the event happened.", cpu, Scope.EVENT, Format.ID),
)
AROUND = Field(
    "evt.around",
    ParamType.UINT64,
    "Whether the event is within so many milliseconds of a time in nanoseconds (evt.around[TIME]=100).",
    format=Format.DEC,
    argument=Argument.REQUIRED,
    bind=_bind_around,
    use=Use.FILTER_ONLY,
    parse=_milliseconds,
    equality="<=",
    operators=frozenset(("=",)),
)
_LATER = (
    Field(
        "evt.source",
        ParamType.CHARBUF,
        "Event source: syscall for everything that these fields apply to.",
        lambda _event: "syscall",
        scope=Scope.STATIC,
        constant=lambda _event_type: "syscall",
        later=True,
    ),
    Field(
        "evt.is_async",
        ParamType.BOOL,
        "Whether the event was made by something other than the kernel.",
        lambda event: event.code == _ASYNC,
        scope=Scope.STATIC,
        constant=lambda event_type: event_type.code == _ASYNC,
        later=True,
    ),
    Field(
        "evt.asynctype",
        ParamType.CHARBUF,
        "Name of an asynchronous event.",
        _asynctype,
        scope=Scope.EVENT,
        constant=lambda event_type: VARIES if event_type.code == _ASYNC else None,
        later=True,
    ),
    Field("evt.hostname", ParamType.CHARBUF, "Name of the machine that the events are of.", _hostname, later=True),
    dataclasses.replace(valueless("evt.pluginname", "Plugin that made the event; there are none."), later=True),
    dataclasses.replace(valueless("evt.plugininfo", "A plugin's text for the event; there are none."), later=True),
)
FIELDS = (
    *_HEAD,
    *evt_time.FIELDS,
    *evt_type.FIELDS,
    *_SUBJECT,
    *evt_args.FIELDS,
    *evt_result.FIELDS,
    *evt_io.FIELDS,
    AROUND,
    *evt_open.FIELDS,
    *evt_open.LATER,
    *evt_time.LATER,
    *_LATER,
)
