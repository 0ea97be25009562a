"""evt.* fields about what a call returned: its parameter `res`, or `fd` on the exits of calls that make an fd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import signed
from falco.events.table import EVENT_TABLE, EventType
from falco.events.text import errno_name
from falco.events.types import Category, EventFlag, Format, ParamType
from falco.fields.field import VARIES, Field, Scope

if TYPE_CHECKING:
    from falco.events.event import Event


def _result_index(event_type: EventType) -> int | None:
    index = event_type.index("res")
    if index is None and event_type.flags & EventFlag.CREATES_FD and not event_type.enter:
        index = event_type.index("fd")
    return index


_RESULTS = tuple(map(_result_index, EVENT_TABLE))
"""By code: which parameter is the result; None where there is none."""
_BUFLEN = tuple(not t.enter and bool(t.subject & Category.IO_READ) for t in EVENT_TABLE)
"""By code: whether the first parameter of the event is how much an I/O call moved."""


def raw_result(event: Event) -> int | None:
    """What the call returned; None on enter events and where the event does not say."""
    index = _RESULTS[event.code]
    if not index:
        return None if index is None else event.first()
    raw = event.raw(index)
    return signed(raw) if raw else None


def result(event: Event) -> object:
    """SUCCESS or the error's name, or its number where it has none."""
    value = raw_result(event)
    if value is None:
        return None
    return "SUCCESS" if value >= 0 else errno_name(value) or str(value)


def failed(event: Event) -> bool:
    """Whether the call returned an error; False on events without result."""
    value = raw_result(event)
    return value is not None and value < 0


def buflen(event: Event) -> object:
    """How many bytes an I/O call moved; None unless it succeeded on a known fd."""
    if not _BUFLEN[event.code] or event.fd is None:
        return None
    raw = event.raw(0)
    size = signed(raw) if raw else -1
    return size if size >= 0 else None


def _if_result(event_type: EventType) -> object:
    return None if _RESULTS[event_type.code] is None else VARIES


def _constant_failed(event_type: EventType) -> object:
    return False if _RESULTS[event_type.code] is None else VARIES


def _constant_buflen(event_type: EventType) -> object:
    return VARIES if _BUFLEN[event_type.code] else None


FAILED = Field(
    "evt.failed",
    ParamType.BOOL,
    "Whether the call returned an error; false where it begins.",
    failed,
    scope=Scope.EVENT,
    constant=_constant_failed,
)
FIELDS = (
    Field(
        "evt.buflen",
        ParamType.UINT64,
        "How many bytes an I/O call moved.",
        buflen,
        scope=Scope.EVENT,
        format=Format.DEC,
        constant=_constant_buflen,
    ),
    Field(
        "evt.res",
        ParamType.CHARBUF,
        "SUCCESS, or the name of the error that the call returned.",
        result,
        scope=Scope.EVENT,
        format=Format.DEC,
        constant=_if_result,
    ),
    Field(
        "evt.rawres",
        ParamType.INT64,
        "What the call returned, as a number.",
        raw_result,
        scope=Scope.EVENT,
        format=Format.DEC,
        constant=_if_result,
    ),
    FAILED,
)
