"""YAML's events to trees of nodes, every node with its place.

Values stay as written, tags mean nothing (a description may begin with "!="), an alias is the node itself, and nesting
is bounded.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import yaml

from falco.errors import Problem
from falco.filter.scalar import Scalar

if TYPE_CHECKING:
    from falco.filter.ast import Place
    from falco.filter.source import SourceFile

MAX_DEPTH = 30
"""Levels of lists and mappings in a rules file; rules themselves need three."""


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


class NodeError(Exception):
    """What YAML's grammar allows and rules files do not; offset is where, alias the name without an anchor if any."""

    def __init__(self, message: str, offset: int, alias: str = "") -> None:
        self.message, self.offset, self.alias = message, offset, alias
        super().__init__(message)


class Builder:
    """Nodes from events; _keys holds, for each open mapping, the key that waits for its value.

    base is the offset in the file at which the events count from 0.
    """

    def __init__(self, file: SourceFile) -> None:
        self.roots: list[Node] = []
        self.item: int | None = None
        """Where the last element of a list at the top began, if one has since go_on_from()."""
        self._file = file
        self._base = 0
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Node | None] = []
        self._anchors: dict[str, Node] = {}

    def take(self, event: yaml.Event) -> None:
        """Add what the event begins or ends; raises NodeError."""
        if isinstance(event, yaml.ScalarEvent):
            end = self._base + (event.end_mark.index if event.end_mark else 0)
            self._add(Scalar(event.value, self._file, self._start(event), end, event.style or ""), event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._anchored(event), event)
        elif isinstance(event, yaml.DocumentStartEvent) and not self._base:
            self._anchors.clear()

    @property
    def in_list(self) -> bool:
        """Whether what is being read is a list at the top, or nothing yet."""
        return not self._open or isinstance(self._open[0], Sequence)

    @property
    def in_item(self) -> bool:
        """Whether an element of a list at the top has begun and not ended."""
        return len(self._open) > 1

    def go_on_from(self, offset: int) -> None:
        """After an error: forget the item that was being read, which would only seem to lack keys."""
        root = self._open[0] if self._open else None
        if isinstance(root, Sequence) and self.in_item:
            root.items.pop()
        if isinstance(root, Mapping) or (root is not None and not root.items):
            self.roots.pop()
        self._open.clear()
        self._keys.clear()
        self._base, self.item = offset, None

    def _start(self, event: yaml.Event) -> int:
        return self._base + (event.start_mark.index if event.start_mark else 0)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise NodeError(f"nested more than {MAX_DEPTH} levels deep", self._start(event))
        place = self._file.place(self._start(event))
        node = Mapping(place, []) if isinstance(event, yaml.MappingStartEvent) else Sequence(place, [])
        self._add(node, event)
        self._open.append(node)
        self._keys.append(None)

    def _anchored(self, event: yaml.AliasEvent) -> Node:
        name = event.anchor or ""
        if name not in self._anchors:
            raise NodeError(f"alias *{name} has no anchor before it", self._start(event), name)
        return self._anchors[name]

    def _add(self, node: Node, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if not self._open:
            self.roots.append(node)
        elif isinstance(self._open[-1], Sequence):
            if len(self._open) == 1:
                self.item = self._start(event)
            self._open[-1].items.append(node)
        elif self._keys[-1] is None:
            self._keys[-1] = node
        else:
            key, self._keys[-1] = self._keys[-1], None
            if isinstance(key, Scalar):
                self._open[-1].pairs.append((key, node))
