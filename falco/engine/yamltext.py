"""The YAML of one rules file to nodes; a mistake in it hides no more than the item that it stands in."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import yaml

from falco.engine.advice import advice
from falco.engine.nodes import Builder, NodeError, problem_at
from falco.filter.scalar import Scalar

if TYPE_CHECKING:
    from falco.engine.nodes import Node
    from falco.errors import Location, Problem
    from falco.filter.source import SourceFile

LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_PROBLEMS = 20
"""Mistakes in the YAML of one file after which the rest of it is not read."""

_DASH = re.compile(r"^( *)-(?=\s)", re.MULTILINE)
_NAMED = re.compile(r"^[ \t]*(?:-[ \t]+)?(list|macro|rule)[ \t]*:[ \t]+([^\n\r]{1,1000})", re.MULTILINE)
_NAME = re.compile(r"([\"'])(?P<quoted>.*?)\1|(?P<plain>(?:(?! #).)+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What could be read: the nodes at the top, mistakes, the kind and name of each item that is lost to them.

    complete: nothing besides these items is missing.
    """

    roots: tuple[Node, ...]
    problems: tuple[Problem, ...]
    lost: tuple[tuple[str, Scalar], ...]
    complete: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _Mistake:
    offset: int
    problem: Problem
    doubtful: bool = False
    """Whether an item that was lost before may be the cause."""


def read_yaml(file: SourceFile) -> Found:
    """The nodes of a file and every mistake in its YAML, up to MAX_PROBLEMS."""
    reader = _Reader(file)
    complete = reader.read()
    return Found(tuple(reader.builder.roots), tuple(reader.problems.values()), tuple(reader.lost), complete)


class _Reader:
    """Goes on with the next item behind a mistake."""

    def __init__(self, file: SourceFile) -> None:
        self.builder = Builder(file)
        self.problems: dict[Location | None, Problem] = {}
        self.lost: list[tuple[str, Scalar]] = []
        self._file = file
        first = _DASH.search(file.text)
        self._next_dash = re.compile(rf"^{first[1]}-(?=\s)" if first else r"\Z", re.MULTILINE)

    def read(self) -> bool:
        """Read all; False if more may be missing than the items of lost."""
        base, complete, end = 0, True, len(self._file.text)
        for _ in range(2 * MAX_PROBLEMS):
            mistake = _take(self._file, base, end, self.builder)
            if mistake is None:
                return complete
            if len(self.problems) == MAX_PROBLEMS:
                self._tell(_too_many(self._file, mistake.offset))
                self.builder.go_on_from(end)
                return False
            in_list = self.builder.in_list
            following = self._following(max(base + 1, self.builder.item or 0))
            complete = self._lose(base, following, mistake) and in_list and complete
            self.builder.go_on_from(following)
            if not in_list:
                return False
            base = following
        return False

    def _following(self, offset: int) -> int:
        """Where the line of the next item begins, whose dash stands below the first item's; or the end."""
        found = self._next_dash.search(self._file.text, offset)
        return found.start() if found else len(self._file.text)

    def _lose(self, base: int, following: int, mistake: _Mistake) -> bool:
        """Tell the mistake and note what is lost; False if that has no name."""
        start = self._start_of_lost(base, mistake)
        start -= self._file.place(min(start, len(self._file.text))).location.column - 1
        if mistake.offset >= following > start:
            # A quote or bracket that is never closed goes on into other items. Alone it shows where it begins.
            mistake = _take(self._file, start, following, Builder(self._file)) or mistake
        self._tell(mistake)
        if start >= following:
            return True
        lost = [self._named(found) for found in _NAMED.finditer(self._file.text, start, following)]
        self.lost += lost
        return bool(lost)

    def _named(self, found: re.Match[str]) -> tuple[str, Scalar]:
        """The kind and name of an item, from the line that has them."""
        name = _NAME.match(found[2])
        quoted = name is not None and name["quoted"] is not None
        text = found[2] if name is None else name["quoted"] if quoted else name["plain"].rstrip()
        start = found.start(2) + quoted
        return found[1], Scalar(text, self._file, start, start + len(text))

    def _start_of_lost(self, base: int, mistake: _Mistake) -> int:
        if self.builder.item is None:
            return base
        # Behind a whole item it stands in the next one, which is looked at anew, or before that.
        return self.builder.item if self.builder.in_item else mistake.offset

    def _tell(self, mistake: _Mistake) -> None:
        if not (mistake.doubtful and self.problems):
            self.problems.setdefault(mistake.problem.location, mistake.problem)


def _too_many(file: SourceFile, offset: int) -> _Mistake:
    message = f"{MAX_PROBLEMS} mistakes in YAML or more; what follows is not looked at"
    return _Mistake(offset, problem_at(file.place(offset), message, code="too-many-errors"))


def _take(file: SourceFile, base: int, end: int, builder: Builder) -> _Mistake | None:
    """Give the builder what stands between two offsets, up to the first mistake."""
    builder.go_on_from(base)
    try:
        for event in yaml.parse(file.text[base:end], Loader=LOADER):
            builder.take(event)
    except NodeError as error:
        expected = advice("an alias", "", 1) if error.alias else ()
        problem = problem_at(file.place(error.offset), error.message, code="yaml", expected=expected)
        return _Mistake(error.offset, problem, doubtful=bool(error.alias))
    except yaml.MarkedYAMLError as error:
        return _of_parser(file, base, error)
    except yaml.YAMLError as error:
        return _Mistake(base, problem_at(file.place(base), f"not valid YAML: {error}", code="yaml"))
    return None


def _of_parser(file: SourceFile, base: int, error: yaml.MarkedYAMLError) -> _Mistake:
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    offset = min(base + mark.index, len(file.text)) if mark else base
    message, place = f"not valid YAML: {error.problem or error.context}", file.place(offset)
    if error.problem and error.context and begun is not None:
        begin = file.place(min(base + begun.index, len(file.text)))
        message += f", {error.context} that begins at line {begin.location.line}, column {begin.location.column}"
        quoted, flow = "quoted scalar" in error.context, "flow" in error.context
        if quoted or (flow and begin.location.line < place.location.line):
            # Where the quote or bracket that was forgotten should stand is anyone's guess; its beginning is known.
            place = begin
    line = place.location.line
    before = file.line(line - 1) if line > 1 else ""
    expected = advice(message, place.snippet, place.location.column, before)
    return _Mistake(offset, problem_at(place, message, code="yaml", expected=expected))
