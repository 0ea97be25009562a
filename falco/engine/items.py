"""What a rules file may hold: the items, their keys, and the names of priorities."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.engine.rule import Attributes, Priority

if TYPE_CHECKING:
    from falco.filter.scalar import Scalar

KEYS = {
    "required_engine_version": ("required_engine_version",),
    "macro": ("macro", "condition", "append", "source", "all_events"),
    "list": ("list", "items", "append"),
    "rule": (
        "rule",
        "condition",
        "output",
        "desc",
        "priority",
        "source",
        "tags",
        "enabled",
        "warn_evttypes",
        "skip-if-unknown-filter",
        "all_events",
        "append",
    ),
}
"""What an item is, by the first of these keys that it has, and the keys it may have."""
SOURCES = ("syscall", "k8s_audit")


@dataclasses.dataclass(frozen=True, slots=True)
class ListItem:
    """A list as it stands in a file."""

    name: Scalar
    items: tuple[Scalar, ...]
    append: bool


@dataclasses.dataclass(frozen=True, slots=True)
class MacroItem:
    """A macro as it stands in a file."""

    name: Scalar
    condition: Scalar
    source: str
    append: bool
    all_events: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class RuleItem(Attributes):
    """A rule as it stands in a file; condition is None where it is missing, which is told already."""

    name: Scalar
    condition: Scalar | None
    output: Scalar


@dataclasses.dataclass(frozen=True, slots=True)
class RuleAppend:
    """What a rule with append: true adds: a condition and nothing else."""

    name: Scalar
    condition: Scalar


@dataclasses.dataclass(frozen=True, slots=True)
class RuleSwitch:
    """What a rule with nothing but a name and `enabled` does: turn a rule that is there already on or off."""

    name: Scalar
    enabled: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Broken:
    """An item of a kind and name that cannot be used."""

    kind: str
    name: Scalar


Item = ListItem | MacroItem | RuleItem | RuleAppend | RuleSwitch | Broken


def priority_named(word: str) -> Priority | None:
    """The first priority, from the worst on, whose name begins with word in any case; or that of the number 0 to 7."""
    if len(word) == 1 and word in "01234567":
        return Priority(int(word))
    lower = word.lower()
    return next((p for p in Priority if lower and p.label.lower().startswith(lower)), None)
