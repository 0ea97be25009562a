"""From the text of an output to its template, when rules are loaded (libsinsp eventformatter.cpp).

A token is `%`, an optional width, and the longest field name that the text goes on with, with its argument in brackets
or after a dot. A leading `*` is dropped. There is no way to write a plain `%`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.errors import Problem, RulesError, nearest
from falco.fields.container import missing as container_missing
from falco.fields.evt_args import longest_name
from falco.fields.field import Argument, Extractor, Field, Registry, Use
from falco.fields.render import to_json, to_text
from falco.fields.template import Template, Token

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.filter.source import Text

BAD_OUTPUT = "bad-output"
"""The code of every problem in an output."""
TIMESTAMPS = frozenset(
    ("evt.time", "evt.time.s", "evt.time.iso8601", "evt.datetime", "evt.datetime.s", "evt.outputtime")
)
"""Text fields that are the event's time in ns in JSON alerts (sinsp_filter_check_event::extract_as_js)."""
_TOLD_EARLY = ("container.type",)
"""Fields that are fetched, and before that say what cgroups tell."""
_CLEANED = "fd"
"""The class whose texts are printed without control characters (sanitize_string); evt.* makes its texts so itself."""
_EVENT_ARGUMENTS = ("evt.arg", "evt.rawarg")
_AUDIT = "k8s_audit"
_WORD = re.compile(r"[A-Za-z0-9_.]+")
_BAD_WORD = re.compile(r"\S+")
_DOTTED = re.compile(r"\.([A-Za-z0-9_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_])?)")
_DIGITS = re.compile(r"[0-9]+")
_MAX_WIDTH = 65536
"""More than any line should hold; a typo in a width must not fill the memory."""


def compile_template(output: str, registry: Registry, written: Text | None = None, item: str = "") -> Template:
    """The template of an output; RulesError with every bad token in it, at its place if written says where it stands.

    written has the same text as output.
    """
    return _Compiler(output, registry).compile(written, item)


class _BadTokenError(Exception):
    """A token that means nothing: what 0.15 says of it, where it starts and ends, and which name was perhaps meant."""

    def __init__(self, reason: str, start: int, end: int, close: str = "") -> None:
        self.reason, self.start, self.end, self.close = reason, start, end, close


class _Compiler:
    def __init__(self, output: str, registry: Registry) -> None:
        self._output = output
        self._format = output.removeprefix("*")
        self._registry = registry
        self._literals = [""]
        self._tokens: list[Token] = []
        self._bad: list[_BadTokenError] = []

    def compile(self, written: Text | None, item: str) -> Template:
        at = 0
        while (percent := self._format.find("%", at)) >= 0:
            self._literals[-1] += self._format[at:percent]
            at = self._token(percent)
        self._literals[-1] += self._format[at:]
        if self._bad:
            raise RulesError(self._problem(bad, written, item) for bad in self._bad)
        return Template(self._literals, self._tokens)

    def _token(self, percent: int) -> int:
        """Compile the token at a percent sign; where the text goes on."""
        try:
            width, start = self._width(percent)
            field = self._field(percent, start)
            argument, end = self._argument(field, percent, start + len(field.name))
            self._tokens.append(self._bound(field, argument, width, (percent, start, end)))
        except _BadTokenError as bad:
            self._bad.append(bad)
            return bad.end
        self._literals.append("")
        return end

    def _width(self, percent: int) -> tuple[int, int]:
        text, start = self._format, percent + 1
        if start == len(text):
            raise _BadTokenError("invalid formatting syntax: formatting cannot end with a %", percent, start)
        digits = _DIGITS.match(text, start)
        if digits is None:
            return 0, start
        if digits.end() == len(text):
            raise _BadTokenError("invalid formatting syntax: formatting cannot end with a number", percent, len(text))
        width = int(digits.group()[:9])
        if width > _MAX_WIDTH:
            raise _BadTokenError(f"width {digits.group()} is larger than {_MAX_WIDTH}", percent, digits.end())
        return width, digits.end()

    def _field(self, percent: int, start: int) -> Field:
        word = _WORD.match(self._format, start)
        field = None if word is None else self._registry.longest_prefix(word.group())
        if field is not None and word is not None and self._registry.source == _AUDIT:
            # These names may not go on with a letter, digit or dot, and then the next shorter name is not tried.
            following = word.group()[len(field.name) :]
            field = None if following.strip(".") else field
        if field is None:
            raise self._unknown(percent, start, word.group() if word is not None else "")
        if field.use is Use.FILTER_ONLY:
            reason = f"{field.name} is filter only and cannot be used as a display field"
            raise _BadTokenError(reason, percent, start + len(field.name))
        return field

    def _unknown(self, percent: int, start: int, word: str) -> _BadTokenError:
        bad = _BAD_WORD.match(self._format, start)
        shown = word.rstrip(".") or (bad.group() if bad is not None else "")
        if not shown:
            return _BadTokenError("empty formatting token", percent, start)
        known = [field.name for field in self._registry if field.use is not Use.FILTER_ONLY]
        what = "unknown filtercheck field" if self._registry.source == _AUDIT else "invalid formatting token"
        return _BadTokenError(f"{what} {shown}", percent, start + len(shown), nearest(shown, known))

    def _argument(self, field: Field, percent: int, at: int) -> tuple[str | None, int]:
        """The argument that follows the name, None for none, and where it ends."""
        if field.argument is Argument.NONE:
            return None, at
        if self._format.startswith("[", at):
            close = self._format.find("]", at)
            if close < 0:
                raise _BadTokenError(f"the bracket after {field.name} is not closed", percent, len(self._format))
            return self._format[at + 1 : close], close + 1
        dotted = _DOTTED.match(self._format, at)
        argument = None if dotted is None else _beginning(field, dotted.group(1))
        if argument is not None:
            return argument, at + 1 + len(argument)
        if field.argument is Argument.REQUIRED:
            if dotted is not None:
                return dotted.group(1), dotted.end()
            raise _BadTokenError(f"filter syntax error: {field.name} needs an argument", percent, at)
        return None, at

    def _bound(self, field: Field, argument: str | None, width: int, span: tuple[int, int, int]) -> Token:
        percent, start, end = span
        try:
            extract = _bind(field, argument)
            typed = field.type if field.type_of is None or argument is None else field.type_of(argument)
        except ValueError as error:
            raise _BadTokenError(str(error), percent, end) from None
        # 0.15 names ka.* without what they were asked for, so that the last of several with one name is kept.
        key = field.name if field.category == "ka" else self._format[start:end]
        if field.fetched and field.name not in _TOLD_EARLY:
            extract = _if_known(extract)
        clean = field.category == _CLEANED
        text, json = to_text(typed, field.format, clean=clean), to_json(typed, field.format, clean=clean)
        if field.name in TIMESTAMPS:
            return Token(key, extract, text, _timestamp, _same, width)
        return Token(key, extract, text, extract, json, width, field.fetched)

    def _problem(self, bad: _BadTokenError, written: Text | None, item: str) -> Problem:
        message = f"Invalid output format '{self._output}': '{bad.reason}'"
        problem = Problem(message, item=item, nearest=bad.close, code=BAD_OUTPUT)
        if written is None:
            return problem
        dropped = len(self._output) - len(self._format)
        place = written.place(bad.start + dropped, bad.end + dropped)
        return dataclasses.replace(problem, location=place.location, snippet=place.snippet, width=place.width)


def _if_known(extract: Extractor) -> Extractor:
    """The extractor of a fetched field for printing: the words that stand for what is unknown are no value."""

    def known(event: Event) -> object:
        return None if container_missing(event) else extract(event)

    return known


def _timestamp(event: Event) -> object:
    return event.ts


def _same(value: object) -> object:
    return value


def _bind(field: Field, argument: str | None) -> Extractor:
    if argument is None and field.extract is not None:
        return field.extract
    bind: Callable[[str | None], Extractor] | None = field.bind
    if bind is None:
        raise TypeError(f"field {field.name} has neither extract nor bind")
    return bind(argument)


def _beginning(field: Field, text: str) -> str | None:
    """The longest beginning of text that the field takes as its argument, as more text may follow without a space."""
    if field.name in _EVENT_ARGUMENTS:
        return longest_name(text)
    return next((text[:end] for end in range(len(text), 0, -1) if _takes(field, text[:end])), None)


def _takes(field: Field, argument: str) -> bool:
    try:
        _bind(field, argument)
        if field.type_of is not None:
            field.type_of(argument)
    except ValueError:
        return False
    return True
