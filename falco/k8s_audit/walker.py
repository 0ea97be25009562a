"""Walks the outermost levels of a JSON document, and leaves what lies deeper to the standard library.

So one value that cannot be taken does not take its neighbours with it, nothing of what was passed over has to be kept,
and other threads have their turn between two values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NoReturn, cast

from falco.k8s_audit.event import BadAuditError, BadEventError, short

MAX_DEPTH = 200
"""Levels of objects and lists inside a value. Schemas of custom resources, the deepest there are, stay far below."""
MAX_ITEMS = 20_000
"""Elements of the outermost list; API servers send 400 events at once unless told otherwise."""
_MAX_KEYS = 1_000
"""Members of the outermost object."""
_BLANKS = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
"""A string, with or without its end, or a bracket."""
_SCALAR = re.compile(r"[^,\]\s]*")

Take = Callable[[object, int, int], None]
"""Gets an element and where it begins and ends; BadEventError if it is none that is wanted."""


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise BadEventError(f"the number {short(text)} is too large")
    return number


def _no_constant(text: str) -> NoReturn:
    raise BadEventError(f"{text} is no JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)


def parse(text: str) -> object:
    """A whole document at once. ValueError, RecursionError or BadEventError if it is none that is wanted."""
    value: object = _DECODER.decode(text)
    _limit_depth(value, text, 0, len(text))
    return value


class Walker:
    """Walks a text once. BadAuditError for what is not JSON.

    Elements of the list that it is, or has as `items`, go to take; refused says why some were not taken.
    """

    def __init__(self, text: str, take: Take) -> None:
        self.refused: list[str] = []
        self._text, self._take = text, take
        self._at = 0

    def walk(self) -> dict[str, object] | None:
        """The members of an object, with None for its items if they are a list; None for a list."""
        first = self._peek()
        if first not in ("{", "["):
            raise BadAuditError("neither a JSON object nor a list")
        try:
            members = self._object() if first == "{" else None
            if first == "[":
                self._list()
        except (BadEventError, ValueError, RecursionError) as error:
            raise BadAuditError(_reason(error)) from None
        if self._peek():
            self._bad("more behind the end of the document")
        return members

    def _object(self) -> dict[str, object]:
        members: dict[str, object] = {}
        self._at += 1
        more = self._peek() != "}"
        while more:
            key = self._key()
            if key == "items" and self._peek() == "[":
                self._list()
                members[key] = None
            else:
                members[key] = self._value()
            if len(members) > _MAX_KEYS:
                self._bad(f"more than {_MAX_KEYS} members")
            more = self._more("}")
        self._at += 1
        return members

    def _list(self) -> None:
        count = 0
        self._at += 1
        more = self._peek() != "]"
        while more:
            self._peek()
            start = self._at
            try:
                self._take(self._value(), start, self._at)
            except (BadEventError, ValueError, RecursionError) as error:
                self.refused.append(_reason(error))
                if self._at == start:
                    self._at = self._end_of_value(start)
            count += 1
            if count > MAX_ITEMS:
                raise BadAuditError(f"more than {MAX_ITEMS} events in one list")
            more = self._more("]")
        self._at += 1

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
        """The next value. BadEventError, ValueError or RecursionError if it is JSON, but none for us."""
        start = self._at
        try:
            value, end = _DECODER.raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            self._at = error.pos
            self._bad(error.msg)
        _limit_depth(value, self._text, start, end)
        self._at = end
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


def _limit_depth(value: object, text: str, start: int, end: int) -> None:
    """RecursionError for a value, parsed from a part of a text, that is too deep."""
    if text.count("{", start, end) + text.count("[", start, end) > MAX_DEPTH and _is_deep(value):
        raise RecursionError


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


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested more than {MAX_DEPTH} levels deep"
    return str(error) if isinstance(error, BadEventError) else "a number has too many digits"
