"""The rules in force, evaluated plainly: what the compiled ones must agree with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco.engine.failure import RuleFailure
from falco.engine.running import GENERIC, Running
from falco.errors import FalcoError
from falco.events.decode import unsigned
from falco.events.syscalls import SYSCALL_NAMES
from falco.filter.interpret import evaluate

if TYPE_CHECKING:
    from falco.engine.bind import BoundRule
    from falco.engine.rule import Rule
    from falco.events.event import Event


class InterpretedRuleset:
    """Ruleset without generated code."""

    def __init__(self, rules: Iterable[BoundRule], *, all_events: bool = False) -> None:
        self._rules = tuple(rules)
        self._running = Running(self._rules, all_events=all_events)
        self.codes = frozenset(self._running.by_code) | (frozenset(GENERIC) if self._running.by_call else frozenset())
        self.syscalls = frozenset(self._running.by_call)

    def match(self, event: Event) -> Rule | None:
        """The first rule in order whose condition holds; RuleFailure if one cannot be evaluated."""
        for index in self._candidates(event):
            bound = self._rules[index]
            try:
                if evaluate(bound.condition, event):
                    return bound.rule
            except FalcoError:
                raise
            except Exception as error:
                raise RuleFailure(bound.rule, event, error) from error
        return None

    def _candidates(self, event: Event) -> Iterable[int]:
        if event.code not in GENERIC:
            return self._running.by_code.get(event.code, ())
        call = unsigned(event.raw(0))
        return self._running.by_call.get(call, () if call < len(SYSCALL_NAMES) else self._running.unknown_call)
