"""Macros put in place of their names. A macro may only use what was defined before it, so there are no cycles."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence

from falco.errors import Problem
from falco.filter.ast import And, Comparison, MacroRef, Node, Not, Or, Place, Test, all_of, any_of
from falco.filter.mistakes import undefined_macro

MAX_TESTS = 20_000
"""Comparisons in a condition after expansion; macros of macros grow exponentially."""
MAX_DEPTH = 150
"""Levels of and, or and not in a condition after expansion; whatever walks the tree may recurse this deep."""

_SUGGESTED_FROM = 2000
"""Macros among which a similar name is looked for."""
_MAX_UNDEFINED = 50
"""Undefined macros of one condition that are reported."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Expanded:
    """A tree without macros, how many comparisons are in it and how many levels of and, or and not."""

    node: Node
    tests: int
    depth: int


class Macros:
    """The macros defined so far, expanded, and which of them something refers to.

    later is every name that will be defined at all, to tell a wrong order from an unknown name. problems gathers what
    is wrong; a macro that is broken counts as defined, so that its users add no problems of their own.
    """

    def __init__(self, later: Iterable[str] = ()) -> None:
        self._later = frozenset(later)
        self._by_name: dict[str, _Expanded | None] = {}
        self._used: set[str] = set()
        self._read: dict[str, tuple[Comparison, ...]] = {}
        self.problems: list[Problem] = []

    def define(self, name: str, node: Node) -> Node | None:
        """Add a macro and give it back expanded, None where that fails."""
        expanded = self._expand_all(node)
        if expanded is None:
            self._read[name] = self.readable((node,))
        self._by_name[name] = expanded
        return expanded.node if expanded else None

    def expand(self, node: Node) -> Node | None:
        """The condition without macros, None where one is undefined or broken or it would become too large."""
        expanded = self._expand_all(node)
        return expanded.node if expanded else None

    def define_broken(self, name: str, tests: Sequence[Node]) -> None:
        """Add a macro whose condition is broken, and those of its tests that can be read."""
        self.note_undefined(tests)
        self._read[name] = self.readable(tests)
        self._by_name[name] = None

    def readable(self, nodes: Iterable[Node]) -> tuple[Comparison, ...]:
        """The comparisons of conditions that cannot be expanded, those of their macros included as far as possible."""
        return tuple(itertools.islice(self._comparisons(And(tuple(nodes)), set()), MAX_TESTS))

    def note_undefined(self, nodes: Iterable[Node]) -> None:
        """Add what expand() would: a problem for each macro that is not defined."""
        refs = _references(And(tuple(nodes)))
        undefined = [ref for ref in refs if self._look_up(ref) is None and ref.name not in self._by_name]
        self.problems.extend(self._undefined(ref) for ref in undefined[:_MAX_UNDEFINED])

    def _comparisons(self, node: Node, seen: set[str]) -> Iterator[Comparison]:
        match node:
            case Comparison():
                yield node
            case Not():
                yield from self._comparisons(node.child, seen)
            case And() | Or():
                for child in node.children:
                    yield from self._comparisons(child, seen)
            case MacroRef() if node.name not in seen:
                seen.add(node.name)
                known = self._by_name.get(node.name)
                yield from self._read.get(node.name, ()) if known is None else self._comparisons(known.node, seen)

    @property
    def unused(self) -> tuple[str, ...]:
        """Names that no rule or macro refers to."""
        return tuple(name for name in self._by_name if name not in self._used)

    def _expand_all(self, node: Node) -> _Expanded | None:
        refs = _references(node)
        missing = [ref for ref in refs if self._look_up(ref) is None]
        undefined = [ref for ref in missing if ref.name not in self._by_name]
        self.problems.extend(self._undefined(ref) for ref in undefined[:_MAX_UNDEFINED])
        if missing:
            return None
        expanded = self._expand(node)
        limit = _exceeded(expanded)
        if limit:
            self.problems.append(_too_large(refs[0].place if refs else _first_place(node), limit, refs))
            return None
        return expanded

    def _look_up(self, ref: MacroRef) -> _Expanded | None:
        if ref.name in self._by_name:
            self._used.add(ref.name)
        return self._by_name.get(ref.name)

    def _undefined(self, ref: MacroRef) -> Problem:
        if ref.name in self._later:
            return undefined_macro(ref, expected=(f"macro {ref.name} to be defined before it is used",))
        return undefined_macro(ref, itertools.islice(self._by_name, _SUGGESTED_FROM))

    def _expand(self, node: Node) -> _Expanded:
        match node:
            case MacroRef():
                found = self._by_name[node.name]
                assert found is not None
                return found
            case Not():
                inner = self._expand(node.child)
                return _Expanded(Not(inner.node), inner.tests, inner.depth + 1)
            case And() | Or():
                children = [self._expand(child) for child in node.children]
                return _joined(node, children)
        return _Expanded(node, 1, 1)


def _joined(node: And | Or, children: list[_Expanded]) -> _Expanded:
    tests = sum(child.tests for child in children)
    depth = 1 + max(child.depth for child in children)
    if tests > MAX_TESTS:
        # Not even built: the caller turns the sizes into an error.
        return _Expanded(node, tests, depth)
    nodes = [child.node for child in children]
    return _Expanded(all_of(nodes) if isinstance(node, And) else any_of(nodes), tests, depth)


def _exceeded(expanded: _Expanded) -> str:
    if expanded.tests > MAX_TESTS:
        return f"{MAX_TESTS} comparisons"
    return f"{MAX_DEPTH} levels of and, or and not" if expanded.depth > MAX_DEPTH else ""


def _too_large(place: Place, limit: str, refs: Sequence[MacroRef]) -> Problem:
    expanded = " once its macros are expanded" if refs else ""
    message = f"the condition is too large{expanded}: more than {limit}"
    return Problem(message, place.location, place.snippet, place.width, code="too-large")


def _first_place(node: Node) -> Place:
    while not isinstance(node, Comparison | MacroRef | Test):
        node = node.child if isinstance(node, Not) else node.children[0]
    return node.place


def _references(node: Node) -> list[MacroRef]:
    """The macros that a parsed condition names, left to right."""
    match node:
        case MacroRef():
            return [node]
        case Not():
            return _references(node.child)
        case And() | Or():
            return [ref for child in node.children for ref in _references(child)]
    return []
