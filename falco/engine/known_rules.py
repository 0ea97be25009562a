"""Rules whose paths also mean what the tables of a host, or of its recording, say (filter/respell.py).

Files that rules know by device and inode are rarely used by another name than theirs. So the functions for all other
events do without those names, and an event on such a file is held against functions of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from falco.engine.ruleset import Ruleset
from falco.events.table import EVENT_TABLE
from falco.filter.fold import leaves_of
from falco.filter.respell import OPERATORS, by_any_name, respelled

if TYPE_CHECKING:
    from falco.engine.bind import BoundRule
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.fields.path_tables import FileId, PathTables
    from falco.filter.ast import BoundField, Node

MAX_CHANGES = 1000
"""How often links may come to lead elsewhere: each time costs a compile, and a hostile recording may go on and on."""
_FileOf = Callable[["Event"], "FileId | None"]


def spelled_out(rules: Iterable[BoundRule], tables: PathTables) -> tuple[BoundRule, ...]:
    """The rules with conditions that say all that their paths mean by tables: for plain evaluation."""
    known = _respelled(tuple(rules), tables.resolved)
    return _changed(known, lambda node: by_any_name(node, tables.files)) if tables.files else known


class KnownRules:
    """A rule set that knows tables. codes and syscalls are those of the rules as they are written: paths add none.

    Where no rule has a path that the tables tell of, it is the rule set as it was.
    """

    def __init__(self, written: Ruleset, tables: PathTables) -> None:
        self.codes, self.syscalls = written.codes, written.syscalls
        self._written = written
        self._files: dict[FileId, tuple[str, ...]] = {}
        self._resolved: Mapping[str, str] = {}
        self._spelled = written
        self._by_any_name: Ruleset | None = None
        self._changes_left = MAX_CHANGES
        fields = _file_fields(bound.condition for bound in written.rules)
        self._fields = tuple((cast("_FileOf", _file_of(field)), field.extract) for field in fields)
        self._on_files = _codes_on_files(written, fields)
        self.know(tables)

    def know(self, tables: PathTables) -> None:
        """Go by other tables from the next event on. New functions are only needed where links lead elsewhere.

        After MAX_CHANGES of links the last ones stay.
        """
        self._files.clear()
        self._files.update(tables.files)
        if tables.resolved != self._resolved and self._changes_left:
            self._changes_left -= 1
            self._resolved = dict(tables.resolved)
            self._spelled, self._by_any_name = self._with(_respelled(self._written.rules, self._resolved)), None

    def match(self, event: Event) -> Rule | None:
        """The first rule in order whose condition holds; RuleFailure if one cannot be evaluated."""
        if self._on_files[event.code]:
            for file_of, extract in self._fields:
                names = self._files.get(cast("FileId", file_of(event)))
                if names is not None and names != (extract(event),):
                    return self._named().match(event)
        return self._spelled.match(event)

    def may_match(self, event: Event) -> bool:
        """As of a rule set."""
        return self._for(event).may_match(event)

    def conditions(self, event: Event) -> Iterator[tuple[Rule, Node]]:
        """As of a rule set."""
        return self._for(event).conditions(event)

    def _for(self, event: Event) -> Ruleset:
        """The rules that match() holds an event against."""
        if self._on_files[event.code]:
            for file_of, extract in self._fields:
                names = self._files.get(cast("FileId", file_of(event)))
                if names is not None and names != (extract(event),):
                    return self._named()
        return self._spelled

    def remaining(self, code: int, call: int | None = None) -> list[tuple[Rule, Node]]:
        """As of a rule set, for files by the names that they are used by."""
        return self._spelled.remaining(code, call)

    def compile_next(self) -> bool:
        """As of a rule set."""
        return self._spelled.compile_next() or (bool(self._files) and self._named().compile_next())

    def _named(self) -> Ruleset:
        """The rules for files that have other names."""
        if self._by_any_name is None:
            rules = _changed(self._spelled.rules, lambda node: by_any_name(node, self._files))
            self._by_any_name = self._with(rules)
        return self._by_any_name

    def _with(self, rules: tuple[BoundRule, ...]) -> Ruleset:
        return self._written if rules is self._written.rules else Ruleset(rules, all_events=self._written.all_events)


def _respelled(rules: tuple[BoundRule, ...], resolved: Mapping[str, str]) -> tuple[BoundRule, ...]:
    return _changed(rules, lambda node: respelled(node, resolved))


def _changed(rules: tuple[BoundRule, ...], change: Callable[[Node], Node]) -> tuple[BoundRule, ...]:
    """The rules with other conditions; the same object if change leaves all as they are."""
    conditions = [change(bound.condition) for bound in rules]
    if all(node is bound.condition for node, bound in zip(conditions, rules, strict=True)):
        return rules
    return tuple(dataclasses.replace(bound, condition=node) for node, bound in zip(conditions, rules, strict=True))


def _file_of(field: BoundField) -> object:
    origin = field.field.kernel_path
    return None if origin is None else origin.file


def _file_fields(conditions: Iterable[Node]) -> tuple[BoundField, ...]:
    """The fields with paths of files that are compared as such."""
    tests = (test for node in conditions for test in leaves_of(node) if test.op in OPERATORS)
    fields = {test.field.key: test.field for test in tests if _file_of(test.field) is not None}
    return tuple(fields.values())


def _codes_on_files(rules: Ruleset, fields: tuple[BoundField, ...]) -> bytes:
    """By event code: whether a rule can match there, and such a field have a value."""
    return bytes(
        row.code in rules.codes and any(field.field.fixed(row, field.argument) is not None for field in fields)
        for row in EVENT_TABLE
    )
