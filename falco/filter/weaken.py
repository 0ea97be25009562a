"""From a condition to its superset: a weaker condition that holds whenever it does (superset.py).

Negations are pushed to the leaves, and every comparison that cannot be tested is replaced by what holds always. A test
that is looser than the comparison serves only where that is not negated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from falco.filter.ast import And, Node, Not, Or, Test
from falco.filter.joining import both, either
from falco.filter.superset import ALWAYS, Superset

Weaken = Callable[[Test, bool], Superset]
"""The superset of a comparison or, if it is negated, of its negation."""
Vocabulary = Mapping[str, Weaken]
"""What can be tested of a call: names of fields, without their arguments."""


def superset_of(conditions: Iterable[Node], vocabulary: Vocabulary) -> Superset:
    """What holds whenever one of these bound conditions does, on events of which the vocabulary can be tested."""
    return either(_weaken(node, vocabulary, negated=False) for node in conditions)


def _weaken(node: Node, vocabulary: Vocabulary, negated: bool) -> Superset:
    match node:
        case And(children) | Or(children):
            join = both if isinstance(node, And) is not negated else either
            return join(_weaken(child, vocabulary, negated) for child in children)
        case Not(child):
            return _weaken(child, vocabulary, not negated)
        case _:
            test = cast("Test", node)
            kind = vocabulary.get(test.field.field.name)
            return ALWAYS if kind is None else kind(test, negated)
