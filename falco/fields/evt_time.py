"""evt.* fields about time: when the event was, and how long a call took.

Texts are in local time. The part down to the second is kept for the next event, which is mostly of the same second.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

from falco.events.decode import UNSIGNED
from falco.events.table import EVENT_TABLE
from falco.events.text import duration
from falco.events.types import Category, EventFlag, Format, ParamType
from falco.fields.field import VARIES, Extractor, Field, Use

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.events.table import EventType

SECOND = 1_000_000_000
_MOST = UNSIGNED >> 1
"""What evt.latency.human tells at most (ns)."""
_INTERNAL = tuple(bool(event_type.category & Category.INTERNAL) for event_type in EVENT_TABLE)
_WAITS = tuple(bool(event_type.flags & EventFlag.WAITS) and not event_type.enter for event_type in EVENT_TABLE)


@functools.lru_cache(maxsize=64)
def _clock(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))


@functools.lru_cache(maxsize=64)
def _date_clock(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))


@functools.lru_cache(maxsize=64)
def _utc(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def local_time(ns: int) -> str:
    """Local time of day with nanoseconds."""
    return f"{_clock(ns // SECOND)}.{ns % SECOND:09d}"


def iso8601(ns: int) -> str:
    """UTC date and time with nanoseconds."""
    return f"{_utc(ns // SECOND)}.{ns % SECOND:09d}+0000"


def _time(event: Event) -> object:
    return local_time(event.ts)


def _time_s(event: Event) -> object:
    return _clock(event.ts // SECOND)


def _iso8601(event: Event) -> object:
    return iso8601(event.ts)


def _datetime(event: Event) -> object:
    return f"{_date_clock(event.ts // SECOND)}.{event.ts % SECOND:09d}"


def _datetime_s(event: Event) -> object:
    return _date_clock(event.ts // SECOND)


def _raw(event: Event) -> object:
    return event.ts


def _raw_s(event: Event) -> object:
    return event.ts // SECOND


def _raw_ns(event: Event) -> object:
    return event.ts % SECOND


def _relative(event: Event) -> object:
    return event.ts - event.state.first_ts & UNSIGNED


def _relative_s(event: Event) -> object:
    return (event.ts - event.state.first_ts & UNSIGNED) // SECOND


def _relative_ns(event: Event) -> object:
    return (event.ts - event.state.first_ts & UNSIGNED) % SECOND


def latency(event: Event) -> int | None:
    """ns since the thread's enter event, 0 on enter events and where none was seen; None on internal events."""
    return None if _INTERNAL[event.code] else event.latency


def _latency_s(event: Event) -> object:
    ns = latency(event)
    return None if ns is None else ns // SECOND


def _latency_ns(event: Event) -> object:
    ns = latency(event)
    return None if ns is None else ns % SECOND


def _latency_human(event: Event) -> object:
    ns = latency(event)
    return None if ns is None else duration(min(ns, _MOST))


def wait_latency(event: Event) -> object:
    """The latency where the call may block and has returned."""
    return event.latency if _WAITS[event.code] else None


def _no_latency(event_type: EventType) -> object:
    if event_type.category & Category.INTERNAL:
        return None
    return 0 if event_type.enter else VARIES


def _no_time(event_type: EventType) -> object:
    fixed = _no_latency(event_type)
    return duration(0) if fixed == 0 else fixed


def _no_wait(event_type: EventType) -> object:
    return VARIES if _WAITS[event_type.code] else None


class _Delta:
    """Distance to the event that this very instance was last asked about; 0 for the first."""

    __slots__ = ("_last", "_part")

    def __init__(self, part: str) -> None:
        self._last = 0
        self._part = part

    def __call__(self, event: Event) -> object:
        delta = event.ts - self._last & UNSIGNED if self._last else 0
        self._last = event.ts
        if self._part == "s":
            return delta // SECOND
        return delta % SECOND if self._part == "ns" else delta


def _delta(part: str) -> Extractor:
    return _Delta(part)


_ABS, _REL, _TEXT = ParamType.ABSTIME, ParamType.RELTIME, ParamType.CHARBUF
_DEC, _PADDED, _NA = Format.DEC, Format.TEN_PADDED, Format.NA
_LATENCIES = tuple(
    Field(name, kind, doc, extract, format=form, constant=constant)
    for name, kind, form, doc, extract, constant in (
        ("evt.latency", _REL, _DEC, "Nanoseconds that the call took, 0 where it begins.", latency, _no_latency),
        ("evt.latency.s", _REL, _DEC, "Whole seconds that the call took.", _latency_s, _no_latency),
        ("evt.latency.ns", _REL, _PADDED, "Nanoseconds of the time that the call took.", _latency_ns, _no_latency),
        ("evt.latency.human", _TEXT, _NA, "How long the call took, with a unit (10ms).", _latency_human, _no_time),
    )
)
FIELDS = (
    Field("evt.time", _TEXT, "Local time of day of the event, with nanoseconds.", _time),
    Field("evt.time.s", _TEXT, "Local time of day of the event, to the second.", _time_s),
    Field("evt.time.iso8601", _TEXT, "Date and time of the event in UTC as ISO 8601, with nanoseconds.", _iso8601),
    Field("evt.datetime", _TEXT, "Local date and time of the event, with nanoseconds.", _datetime),
    Field("evt.rawtime", _ABS, "Time of the event in nanoseconds since 1970.", _raw, format=_DEC),
    Field("evt.rawtime.s", _ABS, "Whole seconds of the event's time since 1970.", _raw_s, format=_DEC),
    Field("evt.rawtime.ns", _ABS, "Nanoseconds within the second of the event's time.", _raw_ns, format=_PADDED),
    Field("evt.reltime", _REL, "Nanoseconds since the first event.", _relative, format=_PADDED),
    Field("evt.reltime.s", _REL, "Whole seconds since the first event.", _relative_s, format=_DEC),
    Field("evt.reltime.ns", _REL, "Nanoseconds of the time since the first event.", _relative_ns, format=_PADDED),
    *_LATENCIES,
    Field(
        "evt.deltatime",
        _REL,
        "Nanoseconds since the event before that this field was evaluated on.",
        format=_DEC,
        bind=lambda _argument: _delta(""),
    ),
    Field(
        "evt.deltatime.s",
        _REL,
        "Whole seconds since the event before that this field was evaluated on.",
        format=_DEC,
        bind=lambda _argument: _delta("s"),
    ),
    Field(
        "evt.deltatime.ns",
        _REL,
        "Nanoseconds of the time since the event before that this field was evaluated on.",
        format=_PADDED,
        bind=lambda _argument: _delta("ns"),
    ),
    Field("evt.outputtime", _TEXT, "Time of the event as outputs print it.", _time, use=Use.PRINT_ONLY),
)
WAIT_LATENCY = Field(
    "evt.wait_latency",
    _REL,
    "Nanoseconds that a call which may block took, where it returns.",
    wait_latency,
    format=_DEC,
    constant=_no_wait,
)
LATER = (Field("evt.datetime.s", _TEXT, "Local date and time of the event, to the second.", _datetime_s, later=True),)
