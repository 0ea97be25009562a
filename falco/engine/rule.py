"""A rule as loaded: its condition expanded, its place known, ready to be compiled."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.priority import Priority

if TYPE_CHECKING:
    from falco.filter.ast import Node, Place
    from falco.filter.source import Text

__all__ = ["Attributes", "Priority", "Rule"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What is the same of a rule in a file and as loaded: all that its keys say besides name, condition and output.

    priority_text is the priority as written, which the statistics print. all_events says that it may look at events
    that 0.15 ignores without -A.
    """

    description: str
    priority: Priority
    priority_text: str
    source: str
    tags: tuple[str, ...] = ()
    enabled: bool = True
    warn_evttypes: bool = True
    skip_if_unknown_filter: bool = False
    all_events: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Rule(Attributes):
    """One rule after merging all files. condition holds no macro references and no list names any more.

    text is the condition as written (appended parts joined by a space). place is of the rule's name.
    """

    name: str
    condition: Node
    text: str
    output: Text
    place: Place


@dataclasses.dataclass(frozen=True, slots=True)
class UnreadRule:
    """A rule whose condition cannot be used: what of it can be checked all the same, named as in Rule.

    condition joins those of its tests that can be read, perhaps none.
    """

    name: str
    condition: Node
    output: Text
    source: str
