"""Bound rules of plain conditions for tests of rule sets, over the fields and events of the filter's tests."""

from __future__ import annotations

from falco.engine.bind import BoundRule
from falco.engine.rule import Priority, Rule
from falco.errors import Location
from falco.filter.ast import Node, Place
from falco.filter.evttypes import ALL, EventTypes
from falco.filter.source import verbatim


def rule(name: str, condition: Node, source: str = "syscall", *, skip: bool = False) -> Rule:
    """A rule of this condition, parsed or bound."""
    place, output = Place(Location("rules.yaml", len(name), 9), ""), verbatim("", "rules.yaml")
    return Rule(
        name, condition, "", output, place,
        description="", priority=Priority.WARNING, priority_text="WARNING", source=source, skip_if_unknown_filter=skip,
    )  # fmt: skip


def bound_rule(name: str, condition: Node, types: EventTypes = ALL) -> BoundRule:
    """A bound rule that runs on these events."""
    return BoundRule(rule(name, condition), condition, types)


def on(*codes: int, calls: tuple[int, ...] = ()) -> EventTypes:
    """These event codes and system calls."""
    return EventTypes(frozenset(codes), frozenset(calls), ("x",))
