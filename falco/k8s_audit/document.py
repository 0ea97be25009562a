"""JSON from an API server to audit events: an Event, an EventList or a list of events (audit.k8s.io v1 and v1beta1).

What comes here is as hostile as any capture: a cluster's users choose most of what stands in an event. An event that
cannot be read must not take others of its list with it, or its author could make any neighbour disappear. So the
elements of a list are parsed one by one, which also gives other threads their turn between two of them.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import NoReturn, cast

from falco.errors import FalcoError
from falco.k8s_audit.event import AuditEvent, parse_time

MAX_DEPTH = 200
"""Levels of objects and lists inside an event. Schemas of custom resources, the deepest there are, stay far below."""
MAX_EVENTS = 20_000
"""Events in one document; API servers send 400 at once unless told otherwise."""
_SMALL = 1 << 16
"""Characters of a document that is parsed as a whole, which takes a fraction of a millisecond."""
_MAX_KEYS = 1_000
"""Members of the outermost object."""
_VERSIONS = ("audit.k8s.io/v1", "audit.k8s.io/v1beta1", "audit.k8s.io/v1alpha1")
_TIMES = ("stageTimestamp", "requestReceivedTimestamp", "timestamp")
"""Where the time of an event stands, the best first; events of old API servers have only the last."""
_BLANKS = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
"""A string, with or without its end, or a bracket."""
_SCALAR = re.compile(r"[^,\]\s]*")
_SHOWN = 60


class BadAuditError(FalcoError):
    """A document that holds no audit events that could be read; the message says why, in a few words."""


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """The events that could be read, and for each of the others why not."""

    events: tuple[AuditEvent, ...]
    refused: tuple[str, ...] = ()


class _BadEventError(Exception):
    """One event, well delimited, that cannot be taken."""


def weigh(text: str, start: int = 0, end: int | None = None) -> int:
    """About how many bytes of memory a text of JSON takes once it is parsed; the worst take twice that."""
    stop = len(text) if end is None else end
    brackets = text.count("{", start, stop) + text.count("[", start, stop)
    return 4 * (stop - start) + 80 * brackets


def decode(data: bytes) -> str:
    """The text of a document; BadAuditError if it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadAuditError(f"not UTF-8 at byte {error.start}") from None


def read_document(text: str) -> Document:
    """Parse a document. BadAuditError if it is not JSON, or not one event could be read."""
    if len(text) <= _SMALL:
        event = _read_small(text)
        if event is not None:
            return Document((event,))
    reader = _Reader(text)
    events: list[AuditEvent] = []
    try:
        found = reader.read()
    except (_BadEventError, ValueError, RecursionError) as error:
        raise BadAuditError(_reason(error)) from None
    for parsed, weight in found:
        try:
            events.append(_event(parsed, weight))
        except _BadEventError as error:
            reader.refused.append(str(error))
    if reader.refused and not events:
        raise BadAuditError(reader.refused[0])
    return Document(tuple(events), tuple(reader.refused))


def _read_small(text: str) -> AuditEvent | None:
    """The one event of a short document, parsed in one go; None for whatever needs a closer look."""
    try:
        parsed = _DECODER.decode(text)
        if not isinstance(parsed, dict) or "items" in parsed or not ("kind" in parsed or "auditID" in parsed):
            return None
        if text.count("{") + text.count("[") > MAX_DEPTH and _is_deep(parsed):
            return None
        return _event(parsed, weigh(text))
    except (_BadEventError, ValueError, RecursionError):
        return None


_Found = list[tuple[object, int]]
"""What may be events, parsed, each with its weight."""


class _Reader:
    """Walks the outermost levels of a document itself and leaves what lies deeper to the standard library."""

    def __init__(self, text: str) -> None:
        self.refused: list[str] = []
        self._text = text
        self._at = 0

    def read(self) -> _Found:
        first = self._peek()
        if first not in ("{", "["):
            raise BadAuditError("neither a JSON object nor a list")
        found = self._list() if first == "[" else self._object()
        if self._peek():
            self._bad("more behind the end of the document")
        return found

    def _object(self) -> _Found:
        members: dict[str, object] = {}
        items: _Found | None = None
        self._at += 1
        more = self._peek() != "}"
        while more:
            key = self._key()
            if key == "items" and self._peek() == "[":
                items = self._list()
            else:
                members[key] = self._value()
            if len(members) > _MAX_KEYS:
                self._bad(f"more than {_MAX_KEYS} members")
            more = self._more("}")
        self._at += 1
        return self._of_kind(members, items)

    def _of_kind(self, members: dict[str, object], items: _Found | None) -> _Found:
        kind = members.get("kind", "EventList" if items is not None else "Event" if "auditID" in members else None)
        if kind == "EventList":
            _check_version(members)
            if items is None:
                raise BadAuditError("EventList without a list of items")
            return items
        if kind != "Event":
            raise BadAuditError("no kind" if kind is None else f"kind {_short(kind)} is neither Event nor EventList")
        if items is not None:
            members["items"] = [parsed for parsed, _ in items]
        return [(members, weigh(self._text))]

    def _list(self) -> _Found:
        found: _Found = []
        self._at += 1
        more = self._peek() != "]"
        while more:
            self._peek()
            start = self._at
            try:
                found.append((self._value(), weigh(self._text, start, self._at)))
            except (_BadEventError, ValueError, RecursionError) as error:
                self.refused.append(_reason(error))
                self._at = self._end_of_value(start)
            if len(found) + len(self.refused) > MAX_EVENTS:
                raise BadAuditError(f"more than {MAX_EVENTS} events in one list")
            more = self._more("]")
        self._at += 1
        return found

    def _key(self) -> str:
        if self._peek() != '"':
            self._bad("a key is expected")
        key = self._value()
        if self._peek() != ":":
            self._bad("':' is expected")
        self._at += 1
        self._peek()
        return cast(str, key)

    def _more(self, end: str) -> bool:
        """Whether another member or element follows; stands on it, or on the end."""
        found = self._peek()
        if found == ",":
            self._at += 1
            return True
        if found != end:
            self._bad(f"',' or '{end}' is expected")
        return False

    def _value(self) -> object:
        """The next value. _BadEventError, ValueError or RecursionError if it is JSON, but none for us."""
        start = self._at
        try:
            value, self._at = _DECODER.raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            self._at = error.pos
            self._bad(error.msg)
        text = self._text
        if text.count("{", start, self._at) + text.count("[", start, self._at) > MAX_DEPTH and _is_deep(value):
            raise RecursionError
        return value

    def _peek(self) -> str:
        """The next character that is no blank, which is stood on; empty at the end."""
        self._at = cast("re.Match[str]", _BLANKS.match(self._text, self._at)).end()
        return self._text[self._at : self._at + 1]

    def _end_of_value(self, start: int) -> int:
        """Where the value ends that begins at start and is no string."""
        if self._text[start] not in "{[":
            return cast("re.Match[str]", _SCALAR.match(self._text, start)).end()
        depth = 0
        for match in _TOKEN.finditer(self._text, start):
            token = match.group()
            if token in ("{", "["):
                depth += 1
            elif token in ("}", "]"):
                depth -= 1
            if depth <= 0:
                return match.end()
        return self._bad("an object or list has no end")

    def _bad(self, message: str) -> NoReturn:
        raise BadAuditError(f"not JSON at character {self._at}: {message}")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _BadEventError(f"the number {_short(text)} is too large")
    return number


def _no_constant(text: str) -> NoReturn:
    raise _BadEventError(f"{text} is no JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else cast("list[object]", outer))
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _event(parsed: object, weight: int) -> AuditEvent:
    if not isinstance(parsed, dict):
        raise _BadEventError("an event is no JSON object")
    if parsed.setdefault("kind", "Event") != "Event":
        raise _BadEventError(f"kind {_short(parsed['kind'])} is not Event")
    _check_version(parsed)
    return AuditEvent(parsed, _time_of(parsed), weight)


def _check_version(members: dict[str, object]) -> None:
    version = members.get("apiVersion", _VERSIONS[0])
    if version not in _VERSIONS:
        raise _BadEventError(f"apiVersion {_short(version)} is not known")


def _time_of(members: dict[str, object]) -> int:
    for name in _TIMES:
        value = members.get(name)
        if value is None:
            continue
        try:
            return parse_time(cast(str, value))
        except (TypeError, ValueError) as error:
            raise _BadEventError(f"{name}: {error}") from None
    raise _BadEventError(f"the event has no {_TIMES[0]}")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested more than {MAX_DEPTH} levels deep"
    return str(error) if isinstance(error, _BadEventError) else "a number has too many digits"


def _short(value: object) -> str:
    """A value for a message, so that no input makes it long."""
    text = value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)
    return ascii(text[:_SHOWN])
