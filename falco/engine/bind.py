"""Rules to bound rules: each condition checked against the fields of its source."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from falco.filter.check import UNKNOWN_FIELD, Checker
from falco.filter.evttypes import ALL, EventTypes

if TYPE_CHECKING:
    from falco.engine.rule import Rule, UnreadRule
    from falco.errors import Location, Problem
    from falco.fields.field import Registry
    from falco.filter.ast import Node


@dataclasses.dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule that can be run: its bound condition, and the events that it is held against."""

    rule: Rule
    condition: Node
    types: EventTypes = ALL


@dataclasses.dataclass(frozen=True, slots=True)
class BoundRules:
    """The outcome for the rules of one source: those that can be run, what is wrong with the others, what was skipped.

    skipped are lines for -v about rules that skip-if-unknown-filter takes out.
    """

    rules: tuple[BoundRule, ...]
    problems: tuple[Problem, ...]
    skipped: tuple[str, ...]


def bind_rules(
    rules: Iterable[Rule],
    registry: Registry,
    types: Mapping[str, EventTypes],
    unread: Iterable[UnreadRule] = (),
) -> BoundRules:
    """Check the rules of the registry's source; types has their event types by rule name, all if it has none.

    A mistake in a macro is told once, for the first rule that uses it. What can be read of unread rules is checked too.
    """
    checker = Checker(registry)
    bound: list[BoundRule] = []
    problems: list[Problem] = []
    skipped: list[str] = []
    told: set[tuple[Location | None, str]] = set()
    for rule in rules:
        if rule.source != registry.source:
            continue
        node = checker.check(rule.condition)
        found, checker.problems = checker.problems, []
        unknown = next((problem for problem in found if problem.code == UNKNOWN_FIELD), None)
        if node is not None:
            bound.append(BoundRule(rule, node, types.get(rule.name, ALL)))
        elif unknown is not None and rule.skip_if_unknown_filter:
            skipped.append(f'Skipping rule "{rule.name}" that contains {unknown.message}')
        else:
            problems += _of_rule(rule.name, found, told)
    for each in (each for each in unread if each.source == registry.source):
        checker.check(each.condition)
        found, checker.problems = checker.problems, []
        problems += _of_rule(each.name, found, told)
    return BoundRules(tuple(bound), tuple(problems), tuple(skipped))


def _of_rule(rule: str, found: list[Problem], told: set[tuple[Location | None, str]]) -> Iterable[Problem]:
    for problem in found:
        key = (problem.location, problem.message)
        if key in told:
            continue
        told.add(key)
        if problem.code == UNKNOWN_FIELD:
            yield dataclasses.replace(problem, message=f'Rule "{rule}" contains {problem.message}')
        else:
            yield dataclasses.replace(problem, item=f'rule "{rule}"')
