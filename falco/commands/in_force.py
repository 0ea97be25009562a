"""The rules that system call events are held against, and what is known of the paths in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.capture.scap.wanted import Wanted
from falco.engine.known_rules import KnownRules
from falco.fields.path_tables import NO_TABLES
from falco.state.handlers import needed

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.engine.ruleset import Ruleset
    from falco.fields.path_tables import PathTables
    from falco.filter.ast import Node


class InForce:
    """Finds the rule for an event. Other rules, and other tables of paths, come in between two events."""

    __slots__ = ("_all_events", "_known", "conditions", "match", "may_match", "ruleset", "tables", "wanted")

    def __init__(self, ruleset: Ruleset, all_events: bool) -> None:
        self._all_events, self.tables = all_events, NO_TABLES
        self.change(ruleset)

    def change(self, ruleset: Ruleset) -> None:
        """Put other rules in force. wanted is what the source has to let through for them and for the state."""
        self.ruleset, self.match, self.conditions = ruleset, ruleset.match, ruleset.conditions
        self.may_match = ruleset.may_match
        self._known: KnownRules | None = None
        self.wanted = Wanted(needed(ruleset.codes, self._all_events), ruleset.syscalls)
        self.know(self.tables)

    def with_rules(self, ruleset: Ruleset) -> InForce:
        """What would be in force with other rules and the same tables."""
        other = InForce(ruleset, self._all_events)
        other.know(self.tables)
        return other

    def know(self, tables: PathTables) -> None:
        """From now on the rules' paths also mean what tables say. Without any, nothing is done for that."""
        self.tables = tables
        if self._known is not None:
            self._known.know(tables)
        elif tables:
            self._known = KnownRules(self.ruleset, tables)
            self.match, self.conditions = self._known.match, self._known.conditions
            self.may_match = self._known.may_match

    def remaining(self, code: int, call: int | None = None) -> list[tuple[Rule, Node]]:
        """The rules that are tried on events of a code, with what remains of their conditions.

        For generic events call is the number of their system call, in the event table's own order.
        """
        return (self._known or self.ruleset).remaining(code, call)

    def compile_next(self) -> bool:
        """Do a little of what the first events would have to wait for; False if nothing is left to do."""
        return (self._known or self.ruleset).compile_next()

    def names(self) -> list[str]:
        """The names of these rules."""
        return [bound.rule.name for bound in self.ruleset.rules]
