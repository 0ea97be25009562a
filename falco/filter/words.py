"""Supersets in words, for people who look at what the probe tests."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

from falco.events.flags import ERRNO
from falco.filter.gather import size
from falco.filter.patterns import PathPrefixes
from falco.filter.superset import All, Any, How, Kind, Level, Number, Param, Superset, Text, Where, Who
from falco.state.fds import L4

_FLAGS = {
    Number.WRITES: ("opened for writing", "not opened for writing"),
    Number.READS: ("opened for reading", "not opened for reading"),
    Number.RENAMES: ("the socket is not connected", "the socket is connected"),
    Number.LIMITS: ("a limit is set", "no limit is set"),
}
_NAMES = {
    Number.FD: "fd number",
    Number.RESULT: "result",
    Number.KIND: "fd",
    Number.SERVER_PORT: "server port",
    Number.CLIENT_PORT: "client port",
    Number.SERVER: "server address",
    Number.CLIENT: "client address",
    Number.TRANSPORT: "transport",
}
_EQUALITIES = ("=", "!=")
_ADDRESSES = (Number.SERVER, Number.CLIENT)
_VALUES: Mapping[Number, Mapping[int, str]] = {
    Number.KIND: {
        Kind.INET: "an IP socket", Kind.UNIX: "a unix socket", Kind.FILE: "a file", Kind.DIRECTORY: "a directory",
        Kind.PIPE: "a pipe",
    },
    Number.TRANSPORT: {transport: transport.name.lower() for transport in L4},
    Number.RESULT: {-number: name for number, name in ERRNO.items()},
}  # fmt: skip
_PROCESS = object()
"""What tests of the thread have in common: where not all is told, only their number is."""
_SHOWN = 3
"""So many of a list are shown, and one more where that is the last."""
ANY_TEXT, AND_BELOW = "*", "[/*]"
"""How texts in paths are shown: what stands for any text, and what for a directory itself and all that is below it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Style:
    """How much is told: lists as a whole, or only their beginning. bits has the names of parameters' values or bits."""

    whole: bool = False
    bits: Mapping[str, Mapping[int, str]] = dataclasses.field(default_factory=dict)

    def listed(self, items: Sequence[str]) -> str:
        """A list, the short one as `a, b, c and 20 more`."""
        if self.whole or len(items) <= _SHOWN + 1:
            return ", ".join(items)
        return f"{', '.join(items[:_SHOWN])} and {len(items) - _SHOWN} more"


WHOLE, SHORT = Style(whole=True), Style()


def told(superset: Superset, style: Style = SHORT) -> str:
    """A superset in words."""
    match superset:
        case All(parts):
            return " and ".join(_joined(parts, style, negated=True)) or "always"
        case Any(parts):
            return " or ".join(_joined(parts, style, negated=False)) or "never"
        case Where():
            return _path(superset, style)
        case Level(slashes):
            return f"path has {_slashes((slashes,))}"
        case How():
            return _number(superset, style)
        case Who():
            return _trait(superset, style)


def _joined(parts: Iterable[Superset], style: Style, *, negated: bool) -> Iterator[str]:
    """The parts in words, each only once; equalities of one number, or negated ones, and levels of paths are one."""
    groups: dict[object, list[Superset]] = {}
    for part in parts:
        key = _PROCESS if not style.whole and _is_of_process(part) else _gathers(part, negated)
        groups.setdefault(key, []).append(part)
    for key, group in groups.items():
        if key is _PROCESS and (count := sum(map(size, group))) > 1:
            yield f"{count} tests of the process"
        elif len(group) == 1:
            yield _bracketed(group[0], style)
        elif isinstance(group[0], Level):
            yield f"path has {_slashes([part.slashes for part in group if isinstance(part, Level)])}"
        else:
            yield _one_of([part for part in group if isinstance(part, How)], style)


def _is_of_process(part: Superset) -> bool:
    if isinstance(part, All | Any):
        return bool(part.parts) and all(map(_is_of_process, part.parts))
    return isinstance(part, Who)


def _gathers(part: Superset, negated: bool) -> object:
    """What parts that are told together have in common."""
    if isinstance(part, Level) and not negated:
        return Level
    equality = isinstance(part, How) and part.op in _EQUALITIES and _equality(part) is not negated
    return part.number if isinstance(part, How) and equality else part


def _equality(test: How) -> bool:
    """Whether an equality holds rather than does not."""
    return (test.op == "=") is not test.negated


def _bracketed(superset: Superset, style: Style) -> str:
    if not isinstance(superset, All | Any):
        return told(superset, style)
    several = len(list(_joined(superset.parts, style, negated=isinstance(superset, All)))) > 1
    return f"({told(superset, style)})" if several else told(superset, style)


def _slashes(counts: Iterable[int]) -> str:
    found = sorted(counts)
    return f"{' or '.join(map(str, found))} {'slash' if found == [1] else 'slashes'}"


def _number(test: How, style: Style) -> str:
    number, op = test.number, test.op
    if isinstance(number, Number) and number in _FLAGS:
        return _FLAGS[number][int(bool(test.value) is not _equality(test))]
    if number is Number.RESULT and (op, test.value) in ((">=", 0), ("<", 0)):
        return "it succeeds" if (op == ">=") is not test.negated else "it fails"
    if number in _ADDRESSES and op == "<":
        return f"{_NAMES[Number(number)]} is not one of IPv4"
    if op in _EQUALITIES:
        return _one_of([test], style)
    if op == "&" and isinstance(number, Param):
        return f"{number.name} has {'not ' if test.negated else ''}{_bits(number, test.value, style)}"
    return f"{'not ' if test.negated else ''}{_name(number)} {op} {test.value}"


def _one_of(tests: Sequence[How], style: Style) -> str:
    """Equalities, or negated ones, of one number."""
    number, holds = tests[0].number, _equality(tests[0])
    values = list(dict.fromkeys(_value(test, style) for test in tests))
    if number is Number.KIND:
        return f"fd is {'' if holds else 'not '}{' or '.join(values)}"
    if len(values) > 1:
        return f"{_name(number)} {'' if holds else 'not '}in ({style.listed(values)})"
    if tests[0].mask is not None:
        return f"{_name(number)} {'' if holds else 'not '}in {values[0]}"
    return f"{_name(number)} {'=' if holds else '!='} {values[0]}"


def _name(number: Number | Param) -> str:
    return _NAMES[number] if isinstance(number, Number) else number.name


def _value(test: How, style: Style) -> str:
    number = test.number
    if number in _ADDRESSES:
        return str(ipaddress.ip_address(test.value)) + ("" if test.mask is None else f"/{test.mask.bit_count()}")
    known = _VALUES.get(number, {}) if isinstance(number, Number) else style.bits.get(number.name, {})
    return known.get(test.value, str(test.value))


def _bits(param: Param, value: int, style: Style) -> str:
    """The name of a parameter's bits, or else their number."""
    return style.bits.get(param.name, {}).get(value, f"{value:#o}" if param.name == "mode" else f"{value:#x}")


def _path(test: Where, style: Style) -> str:
    texts = _shown(test.texts)
    if len(texts) == 1:
        like = any(mark in texts[0] for mark in (ANY_TEXT, AND_BELOW))
        verb = ("is not like" if test.negated else "is like") if like else ("is not" if test.negated else "is")
        return f"path {verb} {texts[0]}"
    return f"path is {'none' if test.negated else 'one'} of {len(texts)}: {style.listed(texts)}"


def _shown(texts: frozenset[Text]) -> list[str]:
    """Texts as patterns, in order: a directory and what is below it are one."""
    exact = {text.text for text in texts if text.begins and text.ends}
    below = {text.text[:-1] for text in texts if text.begins and not text.ends and text.text[-1:] == b"/"}
    both = exact & below
    others = [
        f"{'' if text.begins else ANY_TEXT}{_decoded(text.text)}{'' if text.ends else ANY_TEXT}"
        for text in texts
        if not (text.begins and (text.text if text.ends else text.text[:-1]) in both)
    ]
    return sorted([*others, *(f"{_decoded(path)}{AND_BELOW}" for path in both)])


def _trait(test: Who, style: Style) -> str:
    """A comparison of what the thread is, as a rule says it."""
    operand = test.test.operand
    field, op = test.test.field.key, test.test.op
    if op == "exists":
        said = f"{field} exists"
    elif isinstance(operand, PathPrefixes):
        said = f"{field} {op} ({style.listed(sorted('/' + '/'.join(prefix) for prefix in operand.prefixes))})"
    elif isinstance(operand, frozenset | set | tuple):
        said = f"{field} {op} ({style.listed(sorted(map(str, operand)))})"
    else:
        said = f"{field} {op} {operand}"
    return f"not {said}" if test.negated else said


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
