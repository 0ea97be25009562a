"""Items of all files become one set of definitions: later ones replace earlier ones or add to them.

What is replaced keeps its original position, as in 0.15 (engine/lua/rule_loader.lua, load_rules).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco import errors
from falco.engine.items import Broken, Item, ListItem, MacroItem, RuleAppend, RuleItem, RuleSwitch
from falco.engine.nodes import problem_at

if TYPE_CHECKING:
    from falco.engine.rule import Priority
    from falco.errors import Problem
    from falco.filter.scalar import Scalar

_SUGGESTED_FROM = 2000
"""Names among which a similar one is looked for."""


@dataclasses.dataclass(slots=True)
class ListDefinition:
    """A list after merging."""

    name: Scalar
    items: list[Scalar]


@dataclasses.dataclass(slots=True)
class MacroDefinition:
    """A macro after merging: parts are the conditions that were appended to each other."""

    name: Scalar
    parts: list[Scalar]
    source: str
    all_events: bool = False

    @property
    def text(self) -> str:
        """The condition as written."""
        return " ".join(part.text for part in self.parts)


@dataclasses.dataclass(slots=True)
class RuleDefinition:
    """A rule after merging; item.condition is the first of parts."""

    item: RuleItem
    parts: list[Scalar]

    @property
    def text(self) -> str:
        """The condition as written."""
        return " ".join(part.text for part in self.parts)


class Definitions:
    """Everything defined so far, by name in order of first appearance; None stands for what is broken."""

    def __init__(self, minimum_priority: Priority) -> None:
        self.lists: dict[str, ListDefinition | None] = {}
        self.macros: dict[str, MacroDefinition | None] = {}
        self.rules: dict[str, RuleDefinition | None] = {}
        self.problems: list[Problem] = []
        self._minimum_priority = minimum_priority
        self._skipped: set[str] = set()

    def add_all(self, items: Iterable[Item]) -> None:
        """Take items in order; appending to what is not there is a problem."""
        for item in items:
            match item:
                case ListItem():
                    self._add_list(item)
                case MacroItem():
                    self._add_macro(item)
                case RuleItem():
                    self._add_rule(item)
                case RuleAppend():
                    self._append_rule(item)
                case RuleSwitch():
                    self._switch_rule(item)
                case Broken():
                    self._add_broken(item)

    def _add_list(self, item: ListItem) -> None:
        name = item.name.text
        if not item.append:
            self.lists[name] = ListDefinition(item.name, list(item.items))
        elif name not in self.lists:
            self._nothing_before("List", item.name, self.lists)
            self.lists[name] = None
        elif (known := self.lists[name]) is not None:
            known.items.extend(item.items)

    def _add_macro(self, item: MacroItem) -> None:
        name = item.name.text
        if not item.append:
            self.macros[name] = MacroDefinition(item.name, [item.condition], item.source, item.all_events)
        elif name not in self.macros:
            self._nothing_before("Macro", item.name, self.macros)
            self.macros[name] = None
        elif (known := self.macros[name]) is not None:
            known.parts.append(item.condition)
            known.all_events |= item.all_events

    def _add_rule(self, item: RuleItem) -> None:
        # A rule below the minimum priority leaves one of its name that was taken before as it is, which is 0.15's way.
        if item.priority > self._minimum_priority:
            self._skipped.add(item.name.text)
        else:
            self.rules[item.name.text] = RuleDefinition(item, [item.condition] if item.condition else [])

    def _append_rule(self, item: RuleAppend) -> None:
        name = item.name.text
        if name in self.rules:
            known = self.rules[name]
            if known is not None:
                known.parts.append(item.condition)
        elif name not in self._skipped:
            self._nothing_before("Rule", item.name, self.rules)
            self.rules[name] = None

    def _switch_rule(self, item: RuleSwitch) -> None:
        name = item.name.text
        known = self.rules.get(name)
        if known is not None:
            known.item = dataclasses.replace(known.item, enabled=item.enabled)
        elif name not in self.rules and name not in self._skipped:
            self._nothing_before("Rule", item.name, self.rules, key="enabled")

    def _add_broken(self, item: Broken) -> None:
        name = item.name.text
        match item.kind:
            case "list":
                self.lists[name] = None
            case "macro":
                self.macros[name] = None
            case "rule":
                self.rules[name] = None

    def _nothing_before(self, kind: str, name: Scalar, known: Iterable[str], key: str = "append") -> None:
        message = f"{kind} {name.text} has '{key}' key but no {kind.lower()} by that name already exists"
        near = errors.nearest(name.text, itertools.islice(known, _SUGGESTED_FROM))
        self.problems.append(problem_at(name.place, message, code="append", near=near))
