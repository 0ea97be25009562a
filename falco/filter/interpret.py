"""Plain evaluation of a bound condition on an event: the meaning that generated code is measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from falco.fields.field import Many
from falco.filter.ast import And, Node, Not, Or, Test
from falco.filter.operators import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from falco.events.event import Event


def evaluate(node: Node, event: Event) -> bool:
    """Whether a bound condition holds for an event."""
    return _evaluate(node, lambda test: test.field.extract(event))


def evaluate_on(node: Node, value: object) -> bool:
    """Whether a condition that tests a single field holds when the field has this value."""
    return _evaluate(node, lambda _: value)


def holds(test: Test, value: object) -> bool:
    """Whether a comparison holds for its field's value; a missing one makes every comparison false, != included."""
    many = test.field.many
    if value is None or (many is not Many.ONE and not value):
        return False
    if test.op == "exists":
        return True
    function = FUNCTIONS[test.op]
    if many is Many.ONE:
        return function(value, test.operand)
    answers = (function(member, test.operand) for member in cast("Sequence[object]", value))
    return all(answers) if many is Many.ENDS and test.op == "!=" else any(answers)


def _evaluate(node: Node, read: Callable[[Test], object]) -> bool:
    match node:
        case Test():
            return holds(node, read(node))
        case And(children):
            return all(_evaluate(child, read) for child in children)
        case Or(children):
            return any(_evaluate(child, read) for child in children)
        case Not(child):
            return not _evaluate(child, read)
        case _:
            raise TypeError(f"not a bound condition: {type(node).__name__}")
