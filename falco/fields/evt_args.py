"""evt.* fields about an event's arguments: all of them, one as text, one with its own type, the data of an I/O call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events import text
from falco.events.decode import DECODERS, dyn, signed, unsigned
from falco.events.table import EVENT_TABLE, GENERIC_E, GENERIC_X, EventType
from falco.events.types import ParamType
from falco.fields import syslog
from falco.fields.field import VARIES, Argument, Extractor, Field, Scope
from falco.fields.params import EMPTY, renderer

if TYPE_CHECKING:
    from falco.events.event import Event

NAMES = frozenset(param.name for event_type in EVENT_TABLE for param in event_type.params if param.name)
"""Every argument's name in any event."""
_GENERIC = (GENERIC_E, GENERIC_X)


def args(event: Event) -> str:
    """All arguments as `name=value(resolved) `; generic events print none, theirs are for internal use."""
    if event.code in _GENERIC:
        return ""
    parts: list[str] = []
    for index, name in enumerate(_names(event.code)[: event.nparams]):
        raw = event.raw(index)
        kind = EVENT_TABLE[event.code].params[index].type
        plain, resolved = renderer(event.code, index)(event, raw) if raw else (EMPTY.get(kind, text.NULL), "")
        parts.append(f"{name}={plain}({resolved}) " if resolved else f"{name}={plain} ")
    return "".join(parts)


@functools.cache
def _names(code: int) -> tuple[str, ...]:
    return tuple(param.name for param in EVENT_TABLE[code].params)


def info(event: Event) -> str:
    """Like args, but a message to the system log reads as such."""
    message = syslog.message_of(event)
    if message is None:
        return args(event)
    return f"syslog sev={syslog.name_of(syslog.SEVERITIES, message.severity)} msg={message.text}"


def longest_name(argument: str) -> str | None:
    """The longest argument name that a text starts with; None if no event has such an argument."""
    for end in range(len(argument), 0, -1):
        if argument[:end] in NAMES:
            return argument[:end]
    return None


def _known(argument: str | None) -> str:
    name = longest_name(argument or "")
    if name is None:
        raise ValueError(f"unknown event argument {argument or ''}".rstrip())
    return name


def _index_in(event_type: EventType, argument: str) -> int | None:
    """Where a written argument (a name or an index from 0) is among an event's parameters."""
    if argument.isdecimal():
        index = int(argument)
        return index if index < len(event_type.params) else None
    return event_type.index(argument)


def _canonical(argument: str | None) -> str:
    return argument if argument is not None and argument.isdecimal() else _known(argument)


def _bind_arg(argument: str | None) -> Extractor:
    name = _canonical(argument)
    # One place per event code, so that an event costs one look-up.
    places = tuple(_place(event_type, name) for event_type in EVENT_TABLE)

    def extract(event: Event) -> object:
        place = places[event.code]
        if place is None:
            return None
        index, render, empty = place
        raw = event.raw(index)
        if not raw:
            return empty if index < event.nparams else None
        plain, resolved = render(event, raw)
        return resolved or plain

    return extract


_Place = tuple[int, Callable[["Event", bytes], tuple[str, str]], str | None]


def _place(event_type: EventType, name: str) -> _Place | None:
    index = _index_in(event_type, name)
    if index is None:
        return None
    return index, renderer(event_type.code, index), EMPTY.get(event_type.params[index].type)


def _constant_arg(argument: str | None) -> Callable[[EventType], object]:
    name = _canonical(argument)
    return lambda event_type: None if _index_in(event_type, name) is None else VARIES


def raw_type(argument: str) -> ParamType:
    """The type of evt.rawarg.NAME: that of the first event that has the argument. ValueError for an unknown one."""
    return _first_type(_raw_name(argument))


def _raw_name(argument: str | None) -> str:
    if argument is not None and argument.isdecimal():
        raise ValueError("evt.rawarg takes an argument's name, not its index")
    return _known(argument)


@functools.cache
def _first_type(name: str) -> ParamType:
    for event_type in EVENT_TABLE:
        index = event_type.index(name)
        if index is not None:
            return event_type.params[index].type
    raise ValueError(f"unknown event argument {name}")


def _decoder(event_type: EventType, name: str) -> tuple[int, Callable[[bytes], object]] | None:
    """Where and how evt.rawarg reads an event; None also where the argument has another kind of value than declared."""
    index = event_type.index(name)
    if index is None:
        return None
    param = event_type.params[index]
    decode, declared = DECODERS[param.type], DECODERS[_first_type(name)]
    if decode is not declared and not {decode, declared} <= {signed, unsigned}:
        return None
    if param.type is not ParamType.DYN:
        return index, decode
    choices = tuple(DECODERS[choice.type] for choice in param.alternatives)
    return index, lambda raw: _dynamic(choices, raw)


def _dynamic(choices: tuple[Callable[[bytes], object], ...], raw: bytes) -> object:
    value = dyn(raw)
    return choices[value.index](value.raw) if value.index < len(choices) and value.raw else None


def _bind_raw(argument: str | None) -> Extractor:
    name = _raw_name(argument)
    places = tuple(_decoder(event_type, name) for event_type in EVENT_TABLE)

    def extract(event: Event) -> object:
        place = places[event.code]
        if place is None:
            return None
        raw = event.raw(place[0])
        return place[1](raw) if raw else None

    return extract


def _constant_raw(argument: str | None) -> Callable[[EventType], object]:
    name = _raw_name(argument)
    return lambda event_type: None if _decoder(event_type, name) is None else VARIES


def _data_index(event_type: EventType) -> int | None:
    # ptrace has an argument of this name too, which is a number.
    index = event_type.index("data")
    return index if index is not None and event_type.params[index].type is ParamType.BYTEBUF else None


_DATA = tuple(map(_data_index, EVENT_TABLE))


def buffer(event: Event) -> bytes | None:
    """The data that the call moved, as far as it was recorded; empty where there was none."""
    index = _DATA[event.code]
    return event.raw(index) if index is not None and index < event.nparams else None


def _constant_args(event_type: EventType) -> object:
    return VARIES if event_type.params and event_type.code not in _GENERIC else ""


def _constant_buffer(event_type: EventType) -> object:
    return None if _DATA[event_type.code] is None else VARIES


FIELDS = (
    Field(
        "evt.args",
        ParamType.CHARBUF,
        "All arguments of the event as name=value, with what they stand for in brackets.",
        args,
        scope=Scope.EVENT,
        constant=_constant_args,
    ),
    Field(
        "evt.arg",
        ParamType.CHARBUF,
        "One argument by name (evt.arg.flags) or index (evt.arg[0]) as text: what it stands for, if that is known.",
        scope=Scope.EVENT,
        argument=Argument.REQUIRED,
        bind=_bind_arg,
        constant_of=_constant_arg,
    ),
    Field(
        "evt.rawarg",
        ParamType.DYN,
        "One argument by name with the type that it has in the event (evt.rawarg.res).",
        scope=Scope.EVENT,
        argument=Argument.REQUIRED,
        bind=_bind_raw,
        constant_of=_constant_raw,
        type_of=raw_type,
    ),
    Field(
        "evt.info",
        ParamType.CHARBUF,
        "The arguments as evt.args has them, except that messages to the system log are shown decoded.",
        info,
        scope=Scope.EVENT,
        constant=_constant_args,
    ),
    Field(
        "evt.buffer",
        ParamType.BYTEBUF,
        "The data that an I/O call moved, as far as it was recorded.",
        buffer,
        scope=Scope.EVENT,
        constant=_constant_buffer,
    ),
)
