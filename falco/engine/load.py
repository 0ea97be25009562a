"""Rules files to rules: read, merged, lists and macros expanded, event types inferred. Every mistake is reported.

Fields and values are not looked at here; the rule set binds them and adds what it finds to errors before it raises.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from falco import ENGINE_VERSION
from falco.engine.compiler import MAX_ERRORS, RuleCompiler
from falco.engine.documents import read_document, rules_files
from falco.engine.itemreader import read_items
from falco.engine.merge import Definitions
from falco.engine.rule import Priority, Rule, UnreadRule
from falco.errors import Problem, RulesError, in_order

if TYPE_CHECKING:
    from falco.engine.items import Item
    from falco.filter.evttypes import EventTypes

_DOUBTFUL_CODES = frozenset(("append", "undefined-macro", "unknown-event"))


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
    complete = _define(files, engine_version, definitions, problems)
    complete = complete and all(problem.severity != "error" for problem in file_problems)
    compiler = RuleCompiler(definitions, tuple(known_fields), all_events=all_events)
    rules = compiler.compile()
    problems += [*definitions.problems, *compiler.problems]
    if not complete:
        # Definitions are missing, so that not everything that seems undefined is.
        problems = [problem for problem in problems if problem.code not in _DOUBTFUL_CODES]
    return _loaded(files, complete, rules, problems, compiler)


def _loaded(
    files: tuple[str, ...], complete: bool, rules: tuple[Rule, ...], problems: list[Problem], compiler: RuleCompiler
) -> LoadedRules:
    return LoadedRules(
        files,
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
