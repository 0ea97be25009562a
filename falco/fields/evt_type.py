"""evt.dir, evt.type, evt.type.is and syscall.type: which event or system call it is; FIELDS in the order of --list.

These are the same for every event of a code, but for generic events, which have no name but their system call's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events import syscalls, table
from falco.events.decode import unsigned
from falco.events.table import CODES, EVENT_TABLE, GENERIC_E, GENERIC_X, EventType
from falco.events.types import EventFlag, Format, ParamType
from falco.fields.field import VARIES, Argument, Extractor, Field, Scope

if TYPE_CHECKING:
    from falco.events.event import Event

GENERIC = (GENERIC_E, GENERIC_X)
_NAMES = tuple(None if t.code in GENERIC else t.name for t in EVENT_TABLE)
_DIRECTIONS = tuple(">" if t.enter else "<" for t in EVENT_TABLE)
_SWITCH = CODES["SCHEDSWITCH_6_E"]
_NOT_SYSCALLS = tuple(t.code == _SWITCH or bool(t.flags & EventFlag.SKIP_PARSE_RESET) for t in EVENT_TABLE)


def direction(event: Event) -> object:
    return _DIRECTIONS[event.code]


def type_name(event: Event) -> str:
    """The event's name, for generic events that of the system call."""
    return _NAMES[event.code] or _syscall_name(event)


def _syscall_name(event: Event) -> str:
    code = unsigned(event.raw(0))
    names = syscalls.SYSCALL_NAMES
    return names[code] if code < len(names) else names[0]


def syscall_type(event: Event) -> object:
    return None if _NOT_SYSCALLS[event.code] else type_name(event)


def known_type(written: str) -> tuple[str]:
    """A compared value of evt.type. ValueError unless some event or system call has this name."""
    if not table.codes_named(written) and not syscalls.codes_named(written):
        raise ValueError(f"unknown event type {written}")
    return (written,)


def _constant_type(event_type: EventType) -> object:
    name = _NAMES[event_type.code]
    return VARIES if name is None else name


def _constant_syscall_type(event_type: EventType) -> object:
    return None if _NOT_SYSCALLS[event_type.code] else _constant_type(event_type)


def _named(argument: str | None) -> tuple[frozenset[int], frozenset[int]]:
    """The event codes and system calls that `evt.type.is.NAME` or `.CODE` means."""
    written = argument or ""
    if written.isdecimal():
        return frozenset((int(written),)), frozenset()
    codes, calls = frozenset(table.codes_named(written)), frozenset(syscalls.codes_named(written))
    if not codes and not calls:
        raise ValueError(f"unknown event type {written}".rstrip())
    return codes, calls


def _bind_type_is(argument: str | None) -> Extractor:
    codes, calls = _named(argument)

    def extract(event: Event) -> object:
        if event.code in codes:
            return 1
        return int(event.code in GENERIC and unsigned(event.raw(0)) in calls)

    return extract


def _constant_type_is(argument: str | None) -> Callable[[EventType], object]:
    codes, calls = _named(argument)

    def constant(event_type: EventType) -> object:
        if event_type.code in codes:
            return 1
        return VARIES if calls and event_type.code in GENERIC else 0

    return constant


TYPE = Field(
    "evt.type",
    ParamType.CHARBUF,
    "Name of the event, or of the system call for calls that have no event of their own.",
    type_name,
    scope=Scope.STATIC,
    constant=_constant_type,
    parse=known_type,
)
FIELDS = (
    Field(
        "evt.dir",
        ParamType.CHARBUF,
        "Direction: > where a call begins, < where it returns.",
        direction,
        scope=Scope.STATIC,
        format=Format.DIR,
        constant=lambda event_type: _DIRECTIONS[event_type.code],
    ),
    TYPE,
    Field(
        "evt.type.is",
        ParamType.UINT32,
        "1 if the event is of the named or numbered type, else 0 (evt.type.is.open).",
        scope=Scope.STATIC,
        argument=Argument.REQUIRED,
        bind=_bind_type_is,
        constant_of=_constant_type_is,
    ),
    Field(
        "syscall.type",
        ParamType.CHARBUF,
        "Like evt.type, but only for system calls: nothing for context switches and internal events.",
        syscall_type,
        scope=Scope.STATIC,
        constant=_constant_syscall_type,
    ),
)
