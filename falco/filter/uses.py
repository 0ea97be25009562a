"""Which parts of conditions deserve a variable: what is shared and costs more than reading one, and what is deep."""

from __future__ import annotations

from collections.abc import Sequence

from falco.fields.field import Many
from falco.filter.ast import And, Node, Not, Or, Test

MAX_DEPTH = 20
"""Deeper parts get a variable, because Python limits the nesting of brackets to 200."""
_COSTLY = frozenset(("glob", "icontains", "pmatch"))


class Uses:
    """What canonical conditions, each given as the parts that must hold, have in common.

    shared lists nodes for a variable, those inside others first, with the bits of the conditions that use each; deep
    are the ids of those that need theirs before the expression around them can be written.
    """

    def __init__(self, conditions: Sequence[tuple[Node, ...]]) -> None:
        self.deep: set[int] = set()
        self._references: dict[int, int] = {}
        self._bits: dict[int, int] = {}
        self._heights: dict[int, int] = {}
        self._order: list[Node] = []
        for i, parts in enumerate(conditions):
            for part in parts:
                self._visit(part)
                self._spread(part, 1 << i)
        self.shared = [(node, self._bits[id(node)]) for node in self._order if self._wants_variable(node)]

    def _visit(self, node: Node) -> int:
        """Count a reference to the node, the first time also those to its children; its height above comparisons."""
        key = id(node)
        self._references[key] = self._references.get(key, 0) + 1
        if key in self._heights:
            return self._heights[key]
        height = 1 + max(map(self._visit, children_of(node)), default=-1)
        if height >= MAX_DEPTH:
            self.deep.add(key)
            height = 0
        self._heights[key] = height
        self._order.append(node)
        return height

    def _spread(self, node: Node, bit: int) -> None:
        before = self._bits.get(id(node), 0)
        if before & bit:
            return
        self._bits[id(node)] = before | bit
        for child in children_of(node):
            self._spread(child, bit)

    def _wants_variable(self, node: Node) -> bool:
        return id(node) in self.deep or (self._references[id(node)] > 1 and _is_costly(node))


def children_of(node: Node) -> tuple[Node, ...]:
    """The nodes right below a canonical node."""
    match node:
        case And(children) | Or(children):
            return children
        case Not(child):
            return (child,)
        case _:
            return ()


def _is_costly(node: Node) -> bool:
    """Whether a node costs more than to keep and read a variable."""
    if isinstance(node, Test):
        return node.op in _COSTLY or (node.field.many is not Many.ONE and node.op not in ("=", "in", "exists"))
    return not isinstance(node, Not) or _is_costly(node.child)
