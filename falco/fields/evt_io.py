"""evt.* fields that tell I/O and waiting calls apart, and those that count (errors by kind, exits)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events.table import CODES, EVENT_TABLE, EventType
from falco.events.types import Category, EventFlag, Format, ParamType
from falco.fields import evt_result, evt_time, syslog
from falco.fields.field import VARIES, Extractor, Field, Scope
from falco.state.fds import FdType
from falco.state.network import NETWORK_TYPES

if TYPE_CHECKING:
    from falco.events.event import Event

_IO = EventFlag.READS_FROM_FD | EventFlag.WRITES_TO_FD
_FILES = frozenset((FdType.FILE, FdType.FILE_V2, FdType.DIRECTORY))
_SOCKETS = NETWORK_TYPES | {FdType.UNIX_SOCK}
_FILE_CALLS = frozenset(
    CODES[symbol]
    for symbol in (
        "SYSCALL_OPEN_X",
        "SYSCALL_CREAT_X",
        "SYSCALL_OPENAT_X",
        "SYSCALL_OPENAT_2_X",
        "SYSCALL_OPENAT2_X",
        "SYSCALL_OPEN_BY_HANDLE_AT_X",
    )
)
_NET_CALLS = frozenset(
    CODES[symbol]
    for symbol in (
        "SOCKET_ACCEPT_X",
        "SOCKET_ACCEPT_5_X",
        "SOCKET_ACCEPT4_X",
        "SOCKET_ACCEPT4_5_X",
        "SOCKET_ACCEPT4_6_X",
        "SOCKET_CONNECT_X",
    )
)
_MEMORY = frozenset(t.code for t in EVENT_TABLE if t.subject is Category.MEMORY)
_IS_EXIT = tuple(None if t.enter else 1 for t in EVENT_TABLE)


def _by_type(name: str, doc: str, answer: Callable[[EventType], object], kind: ParamType, form: Format) -> Field:
    """A field whose value is the same for all events of a code."""
    answers = tuple(map(answer, EVENT_TABLE))

    def extract(event: Event) -> object:
        return answers[event.code]

    def constant(event_type: EventType) -> object:
        return answers[event_type.code]

    return Field(name, kind, doc, extract, scope=Scope.STATIC, format=form, constant=constant)


def _flagged(name: str, doc: str, flags: EventFlag) -> Field:
    return _by_type(name, doc, lambda t: bool(t.flags & flags), ParamType.BOOL, Format.NA)


def _io_direction(event_type: EventType) -> object:
    if event_type.flags & EventFlag.WRITES_TO_FD:
        return "write"
    return "read" if event_type.flags & EventFlag.READS_FROM_FD else None


def _is_syslog(event: Event) -> bool:
    return bool(EVENT_TABLE[event.code].flags & EventFlag.WRITES_TO_FD) and syslog.is_syslog(event)


def _constant_syslog(event_type: EventType) -> object:
    return VARIES if event_type.flags & EventFlag.WRITES_TO_FD else False


def _file_error(event: Event) -> bool:
    return event.code in _FILE_CALLS if event.fd is None else event.fd.type in _FILES


def _net_error(event: Event) -> bool:
    return event.code in _NET_CALLS if event.fd is None else event.fd.type in _SOCKETS


def _memory_error(event: Event) -> bool:
    return event.code in _MEMORY


def _other_error(event: Event) -> bool:
    if event.fd is not None:
        return event.fd.type not in _FILES and event.fd.type not in _SOCKETS
    return event.code not in _FILE_CALLS and event.code not in _NET_CALLS and event.code not in _MEMORY


def _errors(applies: Callable[[Event], bool]) -> Extractor:
    return lambda event: 1 if evt_result.failed(event) and applies(event) else None


def _can_fail(event_type: EventType) -> object:
    return None if evt_result.FAILED.fixed(event_type) is False else VARIES


def _count(name: str, doc: str, applies: Callable[[Event], bool]) -> Field:
    extract = _errors(applies)
    return Field(name, ParamType.UINT32, doc, extract, scope=Scope.EVENT, format=Format.DEC, constant=_can_fail)


FIELDS = (
    _flagged("evt.is_io", "Whether the call reads from or writes to an fd.", _IO),
    _flagged("evt.is_io_read", "Whether the call reads from an fd.", EventFlag.READS_FROM_FD),
    _flagged("evt.is_io_write", "Whether the call writes to an fd.", EventFlag.WRITES_TO_FD),
    _by_type("evt.io_dir", "read or write, for calls that do it.", _io_direction, ParamType.CHARBUF, Format.NA),
    _flagged("evt.is_wait", "Whether the call may block.", EventFlag.WAITS),
    evt_time.WAIT_LATENCY,
    Field(
        "evt.is_syslog",
        ParamType.BOOL,
        "Whether the call writes to the system log's socket.",
        _is_syslog,
        scope=Scope.EVENT,
        constant=_constant_syslog,
    ),
    _by_type("evt.count", "1 for every event.", lambda _type: 1, ParamType.UINT32, Format.DEC),
    _count("evt.count.error", "1 for calls that returned an error.", lambda _event: True),
    _count("evt.count.error.file", "1 for calls on files that returned an error.", _file_error),
    _count("evt.count.error.net", "1 for calls on sockets that returned an error.", _net_error),
    _count("evt.count.error.memory", "1 for calls about memory that returned an error.", _memory_error),
    _count("evt.count.error.other", "1 for all other calls that returned an error.", _other_error),
    _by_type("evt.count.exit", "1 where a call returns.", lambda t: _IS_EXIT[t.code], ParamType.UINT32, Format.DEC),
)
