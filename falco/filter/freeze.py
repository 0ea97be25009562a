"""What remains of a condition on an event when all is known but what a container engine has yet to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.filter.ast import And, Not, Or, Test
from falco.filter.interpret import holds

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.filter.ast import Node


def freeze(node: Node, event: Event) -> Node | bool:
    """Whether a bound condition holds, if fields that are fetched do not matter; else what they still have to decide.

    Fields of the latter are all that is read later, so it may be decided when the event has gone.
    """
    match node:
        case Test():
            return node if node.field.field.fetched else holds(node, node.field.extract(event))
        case Not(child):
            left = freeze(child, event)
            return not left if isinstance(left, bool) else Not(left)
        case And(children):
            return _joined(children, event, all_hold=True)
        case Or(children):
            return _joined(children, event, all_hold=False)
        case _:
            raise TypeError(f"not a bound condition: {type(node).__name__}")


def _joined(children: tuple[Node, ...], event: Event, *, all_hold: bool) -> Node | bool:
    """The children joined by and (all_hold) or or, of which one that says otherwise settles it."""
    left: list[Node] = []
    for child in children:
        found = freeze(child, event)
        if found is (not all_hold):
            return not all_hold
        if not isinstance(found, bool):
            left.append(found)
    if len(left) < 2:
        return left[0] if left else all_hold
    return And(tuple(left)) if all_hold else Or(tuple(left))


def relaxed(node: Node, *, wanted: bool = True) -> Node | bool:
    """What has to hold whatever fetched fields are, for the condition to be `wanted`: it may be so where this is."""
    match node:
        case Test():
            return wanted if node.field.field.fetched else node
        case Not(child):
            left = relaxed(child, wanted=not wanted)
            return not left if isinstance(left, bool) else Not(left)
        case And(children) | Or(children):
            all_hold = isinstance(node, And)
            left_over: list[Node] = []
            for child in children:
                left = relaxed(child, wanted=wanted)
                if left is (not all_hold):
                    return not all_hold
                if not isinstance(left, bool):
                    left_over.append(left)
            if len(left_over) < 2:
                return left_over[0] if left_over else all_hold
            return And(tuple(left_over)) if all_hold else Or(tuple(left_over))
        case _:
            raise TypeError(f"not a bound condition: {type(node).__name__}")
