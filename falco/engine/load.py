"""Rules files to rules: read, merged, lists and macros expanded, event types inferred. Every mistake is reported.

Fields and values are not looked at here; the rule set binds them and adds what it finds to errors before it raises.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from falco import ENGINE_VERSION
from falco.engine.documents import read_document, rules_files
from falco.engine.itemreader import read_items
from falco.engine.merge import Definitions, MacroDefinition, RuleDefinition
from falco.engine.nodes import problem_at
from falco.engine.rule import Priority, Rule
from falco.errors import Problem, RulesError, in_order
from falco.filter import evttypes
from falco.filter.expand import Macros
from falco.filter.lists import MAX_TEXT, Lists, TooLargeError
from falco.filter.parser import ConditionSyntaxError, parse
from falco.filter.source import stripped

if TYPE_CHECKING:
    from falco.engine.items import Item, RuleItem
    from falco.filter.ast import Node, Place
    from falco.filter.evttypes import EventTypes
    from falco.filter.scalar import Scalar
    from falco.filter.source import Text

MAX_ERRORS = 200
"""Errors after which no more conditions are looked at."""
MAX_TOTAL_TEXT = 8 << 20
"""Characters of all conditions together after expansion."""

_DOUBTFUL_CODES = frozenset(("append", "undefined-macro", "unknown-event"))


@dataclasses.dataclass(frozen=True, slots=True)
class UnreadRule:
    """A rule whose condition cannot be read: what of it can be checked all the same, named as in Rule."""

    name: str
    output: Text
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class LoadedRules:
    """What the files hold. rules are in order of first definition, without those whose condition cannot be read.

    event_types has every rule of rules by name; rules of sources other than syscall run on all events of theirs.
    files are the paths in load order, complete says that nothing of them is missing. unread are the rules without a
    readable condition, but for those that may be skipped (skip-if-unknown-filter).
    """

    files: tuple[str, ...]
    complete: bool
    rules: tuple[Rule, ...]
    unread: tuple[UnreadRule, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    event_types: dict[str, EventTypes]
    unused_macros: tuple[str, ...]
    unused_lists: tuple[str, ...]

    def event_type_lines(self) -> Iterator[str]:
        """What -v prints on standard error about the rules that system call events are held against."""
        for rule in self.rules:
            if rule.source == "syscall":
                yield f"Event types/Syscalls for rule {rule.name}: {self.event_types[rule.name]}"

    def unused_lines(self) -> Iterator[str]:
        """What -v prints on standard output about macros and lists that nothing uses (0.15's wording and spelling)."""
        yield from (f"Warning: macro {name} not refered to by any rule/macro" for name in self.unused_macros)
        yield from (f"Warning: list {name} not refered to by any rule/macro/list" for name in self.unused_lists)


def load_rules(
    paths: Iterable[str],
    *,
    minimum_priority: Priority = Priority.DEBUG,
    all_events: bool = False,
    engine_version: int = ENGINE_VERSION,
    known_fields: Iterable[str] = (),
) -> LoadedRules:
    """The rules of files and directories; raises RulesError with every problem, warnings last."""
    loaded = collect_rules(
        paths,
        minimum_priority=minimum_priority,
        all_events=all_events,
        engine_version=engine_version,
        known_fields=known_fields,
    )
    if loaded.errors:
        raise RulesError((*in_order(loaded.errors, loaded.files), *loaded.warnings))
    return loaded


def collect_rules(
    paths: Iterable[str],
    *,
    minimum_priority: Priority = Priority.DEBUG,
    all_events: bool = False,
    engine_version: int = ENGINE_VERSION,
    known_fields: Iterable[str] = (),
) -> LoadedRules:
    """The same without raising: errors are in the result, for a caller that has more to find.

    known_fields are names to suggest where a word was taken for a macro.
    """
    files, file_problems = rules_files(paths)
    problems = list(file_problems)
    definitions = Definitions(minimum_priority)
    complete = _define(files, engine_version, definitions, problems) and not file_problems
    compiler = _Compiler(definitions, tuple(known_fields), all_events=all_events)
    rules = compiler.compile()
    problems += [*definitions.problems, *compiler.problems]
    if not complete:
        # Definitions are missing, so that not everything that seems undefined is.
        problems = [problem for problem in problems if problem.code not in _DOUBTFUL_CODES]
    return LoadedRules(
        tuple(files),
        complete,
        rules,
        tuple(compiler.unread),
        _bounded([problem for problem in problems if problem.severity == "error"]),
        in_order((problem for problem in problems if problem.severity != "error"), files),
        compiler.event_types,
        compiler.macros.unused,
        compiler.lists.unused,
    )


def _define(files: Iterable[str], engine_version: int, definitions: Definitions, problems: list[Problem]) -> bool:
    """Take up the definitions of all files; False if some could not be read."""
    complete = True
    for path in files:
        document = read_document(path)
        items: list[Item]
        items, found = read_items(document, engine_version)
        problems += [*document.problems, *found]
        complete = complete and document.complete
        definitions.add_all(items)
    return complete


def _bounded(found: list[Problem]) -> tuple[Problem, ...]:
    if len(found) < MAX_ERRORS:
        return tuple(found)
    rest = Problem(f"{MAX_ERRORS} errors or more; correct these first", code="too-many-errors")
    return (*found[:MAX_ERRORS], rest)


class _Compiler:
    """Turns definitions into rules, in 0.15's order: lists, macros, rules, each by first appearance."""

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
        node = None if macro is None else self._parse(item, macro.parts, macro.name.place)
        if macro is not None and node is not None and macro.source == "syscall" and not self._all_events:
            self._report(item, *evttypes.ignored(node, "macro", evttypes.one_line(macro.text)))
        self.macros.define(name, node)
        self._report_macros(item)

    def _rule(self, rule: RuleDefinition) -> Rule | None:
        name, text = rule.item.name.text, rule.text
        item = f'rule "{name}"'
        node = self._parse(item, rule.parts, rule.item.name.place)
        condition = None if node is None else self.macros.expand(node)
        self._report_macros(item)
        if condition is None:
            self._not_read(rule.item)
            return None
        # With unknown event types too: its fields and output may hold further mistakes, to be told in the same run.
        self.event_types[name] = self._infer(rule, condition, text)
        return _make_rule(rule, condition, text)

    def _not_read(self, item: RuleItem) -> None:
        if not item.skip_if_unknown_filter:
            self.unread.append(UnreadRule(item.name.text, stripped(item.output), item.source))

    def _parse(self, item: str, parts: list[Scalar], place: Place) -> Node | None:
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
        try:
            return parse(text, self._known_fields)
        except ConditionSyntaxError as error:
            self._report(item, error.problem)
            return None

    def _infer(self, rule: RuleDefinition, condition: Node, text: str) -> EventTypes:
        name = rule.item.name.text
        if rule.item.source != "syscall":
            return evttypes.ALL
        item = f'rule "{name}"'
        if not self._all_events:
            self._report(item, *evttypes.ignored(condition, "rule", name))
        inferred = evttypes.infer(name, condition, text, rule.item.name.place)
        self._report(item, *inferred.errors)
        if inferred.warning and rule.item.warn_evttypes:
            self.problems.append(inferred.warning)
        return inferred.types

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


def _make_rule(rule: RuleDefinition, condition: Node, text: str) -> Rule:
    item = rule.item
    return Rule(
        name=item.name.text,
        description=item.description,
        condition=condition,
        text=text,
        output=stripped(item.output),
        priority=item.priority,
        priority_text=item.priority_text,
        source=item.source,
        tags=item.tags,
        enabled=item.enabled,
        warn_evttypes=item.warn_evttypes,
        skip_if_unknown_filter=item.skip_if_unknown_filter,
        place=item.name.place,
    )
