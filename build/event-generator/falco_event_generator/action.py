"""What an action is: for one rule, something that it alerts on, and something that differs from it in one condition."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco_event_generator.scene import Scene

Act = Callable[["Scene"], str]
"""Does something and returns what the alert about it has to show: a path, an address or a command."""


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One rule's pair. near says in which condition near() differs from run().

    switch is what has to be put in force for the rule to look at all: a macro of the default rules and its condition.
    engine says that an engine of containers is asked to run one.
    """

    rule: str
    run: Act
    near: Act
    difference: str
    switch: tuple[str, str] | None = None
    engine: bool = False

    @property
    def name(self) -> str:
        """The rule's name as a word: write_below_etc."""
        return "_".join(self.rule.lower().replace("/", " ").split())
