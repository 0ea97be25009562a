"""A rule that cannot be evaluated on an event: a defect of ours, told with the rule's name and place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.events.event import Event


class RuleFailure(FalcoError):  # noqa: N818 - it is the rule that fails, which is what its name should say
    """Evaluating a rule (None if it is not known which) raised an exception, which is the cause."""

    def __init__(self, rule: Rule | None, event: Event, error: Exception) -> None:
        self.rule = rule
        who = "a rule" if rule is None else f'{rule.place.location}: rule "{rule.name}"'
        super().__init__(f"{who} could not be evaluated on event {event.num}: {type(error).__name__}: {error}")
