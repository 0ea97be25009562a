"""What of a condition the kernel cannot test (weaken.py puts what holds always in its place), for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from falco.filter.ast import And, Node, Not, Or, Test
from falco.filter.superset import ALWAYS
from falco.filter.weaken import superset_of

if TYPE_CHECKING:
    from falco.filter.weaken import Vocabulary


def untested(condition: Node, vocabulary: Vocabulary) -> tuple[str, ...]:
    """All that cannot be tested of a bound condition, each once: a field, or one with the operator that cannot."""
    return tuple(dict.fromkeys(_found(condition, vocabulary, negated=False, all_of_it=True)))


def opening(condition: Node, vocabulary: Vocabulary) -> tuple[str, ...]:
    """What lets everything through, where all of a bound condition does: the rest, if tested or not, is no matter.

    Of an `or` these are only the branches that let everything through by themselves.
    """
    return tuple(dict.fromkeys(_found(condition, vocabulary, negated=False, all_of_it=False)))


def _found(node: Node, vocabulary: Vocabulary, *, negated: bool, all_of_it: bool) -> Iterator[str]:
    match node:
        case And(children) | Or(children):
            any_does = isinstance(node, Or) is not negated
            for child in _open(children, vocabulary, negated) if any_does and not all_of_it else children:
                yield from _found(child, vocabulary, negated=negated, all_of_it=all_of_it)
        case Not(child):
            yield from _found(child, vocabulary, negated=not negated, all_of_it=all_of_it)
        case _:
            test = cast("Test", node)
            name = test.field.field.name
            # A blank is in the names of fields that stand for what the kernel told of another one's path.
            if " " not in name and _is_open(test, vocabulary, negated):
                how = f" ({'not ' if negated else ''}{test.op})" if name in vocabulary else ""
                yield f"{test.field.key}{how}"


def _open(nodes: Iterable[Node], vocabulary: Vocabulary, negated: bool) -> Iterator[Node]:
    return (node for node in nodes if _is_open(node, vocabulary, negated))


def _is_open(node: Node, vocabulary: Vocabulary, negated: bool) -> bool:
    return superset_of([Not(node) if negated else node], vocabulary) == ALWAYS
