"""Definitions to rules, in 0.15's order: lists, macros, rules, each by first appearance."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.engine.nodes import problem_at
from falco.engine.rule import Rule, UnreadRule
from falco.filter import evttypes
from falco.filter.ast import And
from falco.filter.expand import Macros
from falco.filter.lists import MAX_TEXT, Lists, TooLargeError
from falco.filter.mistakes import ConditionSyntaxError
from falco.filter.parser import parse
from falco.filter.source import stripped

if TYPE_CHECKING:
    from falco.engine.merge import Definitions, MacroDefinition, RuleDefinition
    from falco.errors import Problem
    from falco.filter.ast import Comparison, Node, Place
    from falco.filter.evttypes import EventTypes, Inferred
    from falco.filter.mistakes import Tests
    from falco.filter.scalar import Scalar
    from falco.filter.source import Text

MAX_ERRORS = 200
"""Errors after which no more conditions are looked at."""
MAX_TOTAL_TEXT = 8 << 20
"""Characters of all conditions together after expansion."""


class RuleCompiler:
    """Compiles once. Afterwards problems has what is wrong, unread the rules whose condition cannot be used.

    event_types has that of every other rule by name.
    """

    def __init__(self, definitions: Definitions, known_fields: tuple[str, ...], *, all_events: bool) -> None:
        self.problems: list[Problem] = []
        self.event_types: dict[str, EventTypes] = {}
        self.unread: list[UnreadRule] = []
        self.lists = Lists()
        self.macros = Macros(definitions.macros)
        self._definitions = definitions
        self._known_fields = known_fields
        self._all_events = all_events
        self._total_text = 0
        self._errors = 0
        self._reported: set[tuple[object, str]] = set()

    def compile(self) -> tuple[Rule, ...]:
        """The rules, in order of first definition."""
        for name, known_list in self._definitions.lists.items():
            self._define_list(name, [] if known_list is None else known_list.items)
        for name, macro in self._definitions.macros.items():
            self._define_macro(name, macro)
        compiled = [self._rule(rule) for rule in self._definitions.rules.values() if rule is not None]
        return tuple(rule for rule in compiled if rule is not None)

    def _define_list(self, name: str, items: list[Scalar]) -> None:
        try:
            self.lists.define(name, items)
        except TooLargeError:
            self.lists.define(name, ())
            message = f"the list is longer than {MAX_TEXT} characters once lists in it are expanded"
            self._report(f'list "{name}"', problem_at(items[0].place, message, code="too-large"))

    def _define_macro(self, name: str, macro: MacroDefinition | None) -> None:
        item = f'macro "{name}"'
        node, tests = (None, ()) if macro is None else self._parse(item, macro.parts, macro.name.place)
        if macro is not None and macro.source == "syscall" and not (self._all_events or macro.all_events):
            for each in tests if node is None else (node,):
                self._report(item, *evttypes.ignored(each, "macro", evttypes.one_line(macro.text)))
        if node is None:
            self.macros.define_broken(name, tests)
        else:
            self.macros.define(name, node)
        self._report_macros(item)

    def _rule(self, rule: RuleDefinition) -> Rule | None:
        item = f'rule "{rule.item.name.text}"'
        if rule.item.condition is None:
            self._not_read(rule, ())
            return None
        node, tests = self._parse(item, rule.parts, rule.item.name.place)
        if node is None:
            self.macros.note_undefined(tests)
        condition = None if node is None else self.macros.expand(node)
        if condition is None:
            self._not_read(rule, self.macros.readable(tests if node is None else (node,)))
        self._report_macros(item)
        if condition is None:
            return None
        # With unknown event types too: its fields and output may hold further mistakes, to be told in the same run.
        self.event_types[rule.item.name.text] = self._infer(rule, condition)
        return _make_rule(rule, condition)

    def _not_read(self, rule: RuleDefinition, tests: tuple[Comparison, ...]) -> None:
        """Take what can be checked all the same; what may be skipped for an unknown field is not checked for them."""
        item = rule.item
        if item.skip_if_unknown_filter:
            return
        condition = And(tests)
        if item.source == "syscall":
            self._report_events(rule, condition, evttypes.infer(item.name.text, condition, rule.text, item.name.place))
        self.unread.append(UnreadRule(item.name.text, condition, stripped(item.output), item.source))

    def _parse(self, item: str, parts: list[Scalar], place: Place) -> tuple[Node | None, Tests]:
        """The condition; None if it has no meaning, and then the tests of it that have one."""
        text = self._expand(item, parts, place)
        if text is None:
            return None, ()
        try:
            return parse(text, self._known_fields), ()
        except ConditionSyntaxError as error:
            self._report(item, error.problem, *error.more)
            return None, error.tests

    def _expand(self, item: str, parts: list[Scalar], place: Place) -> Text | None:
        if self._errors >= MAX_ERRORS or self._total_text > MAX_TOTAL_TEXT:
            return None
        try:
            text = self.lists.expand(parts)
        except TooLargeError:
            message = f"the condition is longer than {MAX_TEXT} characters once lists in it are expanded"
            self._report(item, problem_at(place, message, code="too-large"))
            return None
        self._total_text += text.length
        if self._total_text > MAX_TOTAL_TEXT:
            message = f"all conditions together are longer than {MAX_TOTAL_TEXT} characters once lists are expanded"
            self._report(item, problem_at(place, message, code="too-large"))
            return None
        return text

    def _infer(self, rule: RuleDefinition, condition: Node) -> EventTypes:
        name = rule.item.name
        if rule.item.source != "syscall":
            return evttypes.ALL
        inferred = evttypes.infer(name.text, condition, rule.text, name.place)
        self._report_events(rule, condition, inferred)
        if inferred.warning and rule.item.warn_evttypes:
            self.problems.append(inferred.warning)
        return inferred.types

    def _report_events(self, rule: RuleDefinition, condition: Node, inferred: Inferred) -> None:
        name = rule.item.name.text
        item = f'rule "{name}"'
        if not (self._all_events or rule.item.all_events):
            self._report(item, *evttypes.ignored(condition, "rule", name))
        self._report(item, *inferred.errors)

    def _report_macros(self, item: str) -> None:
        self._report(item, *self.macros.problems)
        self.macros.problems.clear()

    def _report(self, item: str, *found: Problem) -> None:
        """Add errors; one at a place that a list or macro brings into several conditions is told once."""
        for problem in found:
            self._errors += 1
            key = (problem.location, problem.code)
            if key not in self._reported:
                self._reported.add(key)
                self.problems.append(dataclasses.replace(problem, item=item))


def _make_rule(rule: RuleDefinition, condition: Node) -> Rule:
    item = rule.item
    return Rule(
        item.name.text,
        condition,
        rule.text,
        stripped(item.output),
        item.name.place,
        description=item.description,
        priority=item.priority,
        priority_text=item.priority_text,
        source=item.source,
        tags=item.tags,
        enabled=item.enabled,
        warn_evttypes=item.warn_evttypes,
        skip_if_unknown_filter=item.skip_if_unknown_filter,
        all_events=item.all_events,
    )
