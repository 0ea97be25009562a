"""Rules to bound rules: each condition checked against the fields of its source."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from falco.filter.check import Checker
from falco.filter.evttypes import ALL, EventTypes
from falco.filter.fieldrefs import UNKNOWN_FIELD

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
    binder = _Binder(registry, types)
    for rule in rules:
        if rule.source == registry.source:
            binder.bind(rule)
    for each in unread:
        if each.source == registry.source:
            binder.look_at(each)
    return BoundRules(tuple(binder.bound), tuple(binder.problems), tuple(binder.skipped))


class _Binder:
    def __init__(self, registry: Registry, types: Mapping[str, EventTypes]) -> None:
        self.bound: list[BoundRule] = []
        self.problems: list[Problem] = []
        self.skipped: list[str] = []
        self._types = types
        self._checker = Checker(registry)
        self._told: set[tuple[Location | None, str]] = set()

    def bind(self, rule: Rule) -> None:
        node, found = self._check(rule.condition)
        unknown = next((problem for problem in found if problem.code == UNKNOWN_FIELD), None)
        if node is not None:
            self.bound.append(BoundRule(rule, node, self._types.get(rule.name, ALL)))
        elif unknown is not None and rule.skip_if_unknown_filter:
            self.skipped.append(f'Skipping rule "{rule.name}" that contains {unknown.message}')
        else:
            self.problems += _of_rule(rule.name, found, self._told)

    def look_at(self, rule: UnreadRule) -> None:
        _, found = self._check(rule.condition)
        self.problems += _of_rule(rule.name, found, self._told)

    def _check(self, condition: Node) -> tuple[Node | None, list[Problem]]:
        node = self._checker.check(condition)
        found, self._checker.problems = self._checker.problems, []
        return node, found


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
