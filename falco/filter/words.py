"""Supersets in words, for people who look at what the probe tests."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from falco.filter.superset import All, Any, How, Kind, Level, Number, Param, Superset, Text, Where
from falco.state.fds import L4

_FLAGS = {
    Number.WRITES: "opened for writing",
    Number.READS: "opened for reading",
    Number.RENAMES: "not a connected socket",
    Number.LIMITS: "a limit is set",
}
_NAMES = {
    Number.FD: "fd",
    Number.RESULT: "result",
    Number.KIND: "kind of fd",
    Number.SERVER_PORT: "server port",
    Number.CLIENT_PORT: "client port",
    Number.SERVER: "server address",
    Number.CLIENT: "client address",
    Number.TRANSPORT: "transport",
}
_WORDS: Mapping[Number | Param, Mapping[int, str]] = {
    Number.KIND: {kind: kind.name.lower() for kind in Kind},
    Number.TRANSPORT: {transport: transport.name.lower() for transport in L4},
}
_MOST_TEXTS = 12


def told(superset: Superset) -> str:
    """A superset in words."""
    match superset:
        case All(parts):
            return " and ".join(_bracketed(part) for part in parts) or "always"
        case Any(parts):
            return " or ".join(_bracketed(part) for part in parts) or "never"
        case Where(texts, negated):
            return f"the path {'has none of' if negated else 'has one of'} {_texts(texts)}"
        case Level(slashes):
            return f"the path has {slashes} slashes"
        case How(Number() as number, op, value, negated) if number in _FLAGS:
            holds = (bool(value) is (op == "=")) is not negated
            return f"{'' if holds else 'not '}{_FLAGS[number]}"
        case How():
            return _compared(superset)


def _compared(test: How) -> str:
    number = test.number
    name = _NAMES[number] if isinstance(number, Number) else number.name
    value = str(test.value)
    if number in (Number.SERVER, Number.CLIENT):
        value = str(ipaddress.ip_address(test.value)) + ("" if test.mask is None else f"/{test.mask.bit_count()}")
    elif number in _WORDS:
        value = _WORDS[number].get(test.value, value)
    return f"{'not ' if test.negated else ''}{name} {test.op} {value}"


def _bracketed(superset: Superset) -> str:
    text = told(superset)
    return f"({text})" if isinstance(superset, All | Any) and len(superset.parts) > 1 else text


def _texts(texts: frozenset[Text]) -> str:
    shown = sorted(f"{'' if t.begins else '*'}{_shown(t.text)}{'' if t.ends else '*'}" for t in texts)
    more = f" and {len(shown) - _MOST_TEXTS} more" if len(shown) > _MOST_TEXTS else ""
    return f"{', '.join(shown[:_MOST_TEXTS])}{more}"


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
