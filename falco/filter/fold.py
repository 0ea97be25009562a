"""Canonical conditions: equal parts are the same object, constants are folded, nested and/or/not are flat.

A condition that folds to True or False holds for every event or for none. Conditions have no side effects, so parts
may be merged and moved as long as the answer stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import cast

from falco.fields.field import VARIES
from falco.filter.ast import And, BoundField, Node, Not, Or, Test
from falco.filter.interpret import holds
from falco.filter.patterns import Networks, PathPrefixes

Folded = Node | bool
Constants = Callable[[BoundField], object]
"""Field -> the value that it always has (None: never one), or VARIES."""

ANYTHING = And(())
"""What holds for every event, where a node is wanted."""


class Terms:
    """Makes and keeps canonical nodes; those of one Terms are equal exactly if they are the same object."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[object, ...], Node] = {}
        self._canonical: dict[int, tuple[Node, Folded]] = {}
        self._fields: dict[int, frozenset[str]] = {}
        self._foldable: dict[int, bool] = {}

    def canonical(self, node: Node) -> Folded:
        """The canonical form of a bound node."""
        known = self._canonical.get(id(node))
        if known is None:
            known = self._canonical[id(node)] = (node, self._make(node))
        return known[1]

    def _make(self, node: Node) -> Folded:
        match node:
            case Test():
                return self.test(node)
            case And(children):
                return self.all_of(map(self.canonical, children))
            case Or(children):
                return self.any_of(map(self.canonical, children))
            case Not(child):
                return self.negation(self.canonical(child))
            case _:
                raise TypeError(f"not a bound condition: {type(node).__name__}")

    def test(self, test: Test) -> Folded:
        """The one node for a comparison, its place that of the first such comparison."""
        if test.op == "in" and test.operand == frozenset():
            return False
        return self._nodes.setdefault((test.field.key, test.op, test.operand), test)

    def negation(self, child: Folded) -> Folded:
        if isinstance(child, bool):
            return not child
        return child.child if isinstance(child, Not) else self._nodes.setdefault(("not", id(child)), Not(child))

    def all_of(self, children: Iterable[Folded]) -> Folded:
        """The and of canonical nodes."""
        parts = _flat(children, And, neutral=True)
        if isinstance(parts, bool) or len(parts) < 2:
            return parts if isinstance(parts, bool) else parts[0]
        return self._nodes.setdefault(("and", *map(id, parts)), And(tuple(parts)))

    def any_of(self, children: Iterable[Folded]) -> Folded:
        """The or of canonical nodes; tests of one field that a single one can stand for are merged."""
        parts = _flat(children, Or, neutral=False)
        if isinstance(parts, bool) or len(parts) < 2:
            return parts if isinstance(parts, bool) else parts[0]
        merged = self._merged(parts)
        if len(merged) == 1:
            return merged[0]
        return self._nodes.setdefault(("or", *map(id, merged)), Or(tuple(merged)))

    def _merged(self, parts: list[Node]) -> list[Node]:
        alike: dict[object, list[Node]] = {}
        for part in parts:
            how = _merge_group(part)
            alike.setdefault(id(part) if how is None else how, []).append(part)
        return [group[0] if len(group) == 1 else self._union(cast("list[Test]", group)) for group in alike.values()]

    def _union(self, tests: list[Test]) -> Node:
        first = tests[0]
        op, operand = _union_operand(tests)
        return cast("Node", self.test(Test(first.field, op, operand, first.place)))

    def fields(self, node: Node) -> frozenset[str]:
        """The keys of the fields that a canonical node reads."""
        known = self._fields.get(id(node))
        if known is None:
            known = self._fields[id(node)] = frozenset(test.field.key for test in leaves_of(node))
        return known

    def fold(self, node: Folded, constants: Constants) -> Folded:
        """The canonical node with what constants settles taken out."""
        memo: dict[int, Folded] = {}

        def settled(part: Node) -> Folded:
            if not self._is_foldable(part):
                return part
            known = memo.get(id(part))
            if known is None:
                known = memo[id(part)] = rebuilt(part)
            return known

        def rebuilt(part: Node) -> Folded:
            match part:
                case And(children):
                    return self.all_of(map(settled, children))
                case Or(children):
                    return self.any_of(map(settled, children))
                case Not(child):
                    return self.negation(settled(child))
                case _:
                    test = cast("Test", part)
                    value = constants(test.field)
                    return test if value is VARIES else holds(test, value)

        return node if isinstance(node, bool) else settled(node)

    def _is_foldable(self, node: Node) -> bool:
        known = self._foldable.get(id(node))
        if known is None:
            known = self._foldable[id(node)] = any(_can_be_constant(test.field) for test in leaves_of(node))
        return known


class Distinctions:
    """Tells constants apart as far as some conditions do, so that what is folded for one need not be for its equals."""

    def __init__(self, conditions: Iterable[Folded]) -> None:
        nodes = {id(node): node for node in conditions if not isinstance(node, bool)}
        tests = {id(test): test for node in nodes.values() for test in leaves_of(node) if _can_be_constant(test.field)}
        self._tests: dict[str, list[Test]] = {}
        for test in tests.values():
            self._tests.setdefault(test.field.key, []).append(test)
        self._answers: dict[tuple[str, object], int] = {}

    def of(self, constants: Constants) -> tuple[int, ...]:
        """The same for constants that fold all conditions alike."""
        return tuple(self._class(key, constants(tests[0].field)) for key, tests in self._tests.items())

    def _class(self, key: str, value: object) -> int:
        if value is VARIES:
            return -1
        known = self._answers.get((key, value))
        if known is None:
            known = sum(holds(test, value) << i for i, test in enumerate(self._tests[key]))
            self._answers[key, value] = known
        return known


def _can_be_constant(field: BoundField) -> bool:
    return field.field.constant is not None or field.field.constant_of is not None


def leaves_of(node: Node) -> Iterator[Test]:
    """The comparisons of a bound node, left to right."""
    stack = [node]
    while stack:
        part = stack.pop()
        match part:
            case And(children) | Or(children):
                stack.extend(reversed(children))
            case Not(child):
                stack.append(child)
            case _:
                yield cast("Test", part)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The nodes that must all hold for a canonical node to hold."""
    return node.children if isinstance(node, And) else (node,)


def _flat(children: Iterable[Folded], kind: type[And] | type[Or], neutral: bool) -> list[Node] | bool:
    """The distinct parts of an and (neutral: True) or an or (neutral: False); a bool if that is all there is."""
    parts: dict[int, Node] = {}
    for child in children:
        if isinstance(child, bool):
            if child is not neutral:
                return child
            continue
        for part in child.children if isinstance(child, kind) else (child,):
            parts.setdefault(id(part), part)
    return list(parts.values()) or neutral


def _merge_group(node: Node) -> tuple[str, str] | None:
    """What an or may merge this node with: nodes of the same group, None for nothing."""
    if not isinstance(node, Test):
        return None
    if node.op in ("=", "in"):
        return node.field.key, "networks" if isinstance(node.operand, Networks) else "members"
    return (node.field.key, node.op) if node.op in ("startswith", "endswith", "pmatch") else None


def _union_operand(tests: list[Test]) -> tuple[str, object]:
    """The operator and operand that hold if any of the tests of one merge group does."""
    operands = [test.operand for test in tests]
    if isinstance(operands[0], Networks):
        return "in", Networks(frozenset().union(*(cast("Networks", each).networks for each in operands)))
    if isinstance(operands[0], PathPrefixes):
        return "pmatch", PathPrefixes.joined(cast("list[PathPrefixes]", operands))
    if tests[0].op in ("=", "in"):
        members = (test.operand if test.op == "in" else (test.operand,) for test in tests)
        return "in", frozenset().union(*cast("Iterable[frozenset[object]]", members))
    parts = (each if isinstance(each, tuple) else (each,) for each in operands)
    return tests[0].op, tuple(dict.fromkeys(text for part in parts for text in part))
