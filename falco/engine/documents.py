"""Rules files to trees of YAML nodes, every node with its place.

Nodes are built from YAML's events rather than by a constructor: values stay as written, tags mean nothing (a
description may begin with "!="), an alias is the node itself, and nesting is bounded.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from falco.errors import Location, Problem
from falco.filter.scalar import Scalar
from falco.filter.source import SourceFile

if TYPE_CHECKING:
    from falco.filter.ast import Place

LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES = 8 << 20
"""Size of a rules file."""
MAX_DEPTH = 30
"""Levels of lists and mappings in a rules file; rules themselves need three."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclasses.dataclass(slots=True)
class Sequence:
    """A YAML list; filled while the file is read."""

    place: Place
    items: list[Node]


@dataclasses.dataclass(slots=True)
class Mapping:
    """A YAML mapping as its pairs in order, duplicates included; keys that are no scalars are left out."""

    place: Place
    pairs: list[tuple[Scalar, Node]]


Node = Scalar | Sequence | Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """The top-level nodes of one file, in order, as far as it could be read; complete if that was all of it."""

    file: SourceFile
    roots: tuple[Node, ...]
    problems: tuple[Problem, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing of the file is missing."""
        return not self.problems


class _NodeError(Exception):
    """What YAML's grammar allows and this reader does not; offset is where."""

    def __init__(self, message: str, offset: int) -> None:
        self.message, self.offset = message, offset
        super().__init__(message)


def rules_files(paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """The files that paths stand for: a directory stands for its regular files sorted by path."""
    files: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            if Path(path).is_dir():
                files.extend(sorted(str(entry) for entry in Path(path).iterdir() if entry.is_file()))
            else:
                files.append(path)
        except (OSError, ValueError) as error:
            problems.append(_unreadable(path, error))
    return tuple(files), tuple(problems)


def read_document(path: str) -> Document:
    """The file's nodes; whatever is wrong with it as YAML is in problems."""
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return Document(SourceFile(path, ""), (), (_unreadable(path, error),))
    if len(data) > MAX_BYTES:
        problem = Problem(f"{path} is larger than {MAX_BYTES >> 20} MiB", Location(path, 1, 1), code="file")
        return Document(SourceFile(path, ""), (), (problem,))
    return parse_document(data, path)


def parse_document(data: bytes, path: str) -> Document:
    """The nodes of a rules file's bytes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        file = SourceFile(path, data[: error.start].decode("utf-8") + "�")
        problem = problem_at(file.place(len(file.text) - 1), "not UTF-8 text", code="encoding")
        return Document(file, (), (problem,))
    file = SourceFile(path, text.removeprefix("\ufeff"))
    strange = _UNPRINTABLE.search(file.text)
    if strange:
        message = f"control character U+{ord(strange.group()):04X}, which YAML does not allow"
        return Document(file, (), (problem_at(file.place(strange.start()), message, code="encoding"),))
    return _read(file)


def problem_at(
    place: Place,
    message: str,
    *,
    code: str,
    item: str = "",
    expected: tuple[str, ...] = (),
    near: str = "",
    severity: str = "error",
) -> Problem:
    """A problem at a place in a rules file."""
    return Problem(message, place.location, place.snippet, place.width, item, expected, near, severity, code)


def _unreadable(path: str, error: OSError | ValueError) -> Problem:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem(f"Could not open rules filename {path} for reading: {reason}", code="file")


def _read(file: SourceFile) -> Document:
    builder = _Builder(file)
    problem = None
    try:
        for event in yaml.parse(file.text, Loader=LOADER):
            builder.take(event)
    except _NodeError as error:
        problem = problem_at(file.place(error.offset), error.message, code="yaml")
    except yaml.MarkedYAMLError as error:
        problem = _yaml_problem(file, error)
    except yaml.YAMLError as error:
        problem = problem_at(file.place(0), f"not valid YAML: {error}", code="yaml")
    if problem is None:
        return Document(file, tuple(builder.roots), ())
    builder.drop_unfinished()
    return Document(file, tuple(builder.roots), (problem,))


def _yaml_problem(file: SourceFile, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    message = f"not valid YAML: {error.problem or error.context}"
    begun = error.context_mark
    if error.problem and error.context and begun is not None:
        message += f", {error.context} that begins at line {begun.line + 1}, column {begun.column + 1}"
    return problem_at(file.place(min(mark.index, len(file.text)) if mark else 0), message, code="yaml")


class _Builder:
    """Nodes from events; _keys holds, for each open mapping, the key that waits for its value."""

    def __init__(self, file: SourceFile) -> None:
        self.roots: list[Node] = []
        self._file = file
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []
        self._anchors: dict[str, Node] = {}

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            end = event.end_mark.index if event.end_mark else 0
            self._add(Scalar(event.value, self._file, _start(event), end, event.style or ""), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()

    def drop_unfinished(self) -> None:
        """After an error: forget the item that was being read, which would only seem to lack keys."""
        if self._open and isinstance(self._open[0], Mapping):
            self.roots.pop()
        elif len(self._open) > 1 and isinstance(self._open[0], Sequence):
            self._open[0].items.pop()

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _NodeError(f"nested more than {MAX_DEPTH} levels deep", _start(event))
        place = self._file.place(_start(event))
        node = Mapping(place, []) if isinstance(event, yaml.MappingStartEvent) else Sequence(place, [])
        self._add(node, event.anchor)
        self._open.append(node)
        self._keys.append(None)

    def _alias(self, event: yaml.AliasEvent) -> None:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise _NodeError(f"alias *{event.anchor} has no anchor before it", _start(event))
        self._add(node, None)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.roots.append(node)
        elif isinstance(self._open[-1], Sequence):
            self._open[-1].items.append(node)
        elif self._keys[-1] is None:
            self._keys[-1] = node
        else:
            key, self._keys[-1] = self._keys[-1], None
            if isinstance(key, Scalar):
                self._open[-1].pairs.append((key, node))


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0
