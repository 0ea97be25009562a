"""A rule as loaded: its condition expanded, its place known, ready to be compiled."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.filter.ast import Node, Place


class Priority(enum.IntEnum):
    """Severity of a rule, 0 the worst; 0.15 matches the written word as a case-insensitive prefix in this order."""

    EMERGENCY = 0
    ALERT = 1
    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFORMATIONAL = 6
    DEBUG = 7

    @property
    def label(self) -> str:
        """The name as alerts print it."""
        return self.name.capitalize()


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One rule after merging all files. condition holds no macro references and no list names any more.

    text is the condition as written (appended parts joined by a space); priority_text is the priority as written,
    which the statistics print. place is of the rule's name, output_place of its output text.
    """

    name: str
    description: str
    condition: Node
    text: str
    output: str
    priority: Priority
    priority_text: str
    source: str
    tags: tuple[str, ...]
    enabled: bool
    warn_evttypes: bool
    skip_if_unknown_filter: bool
    place: Place
    output_place: Place
