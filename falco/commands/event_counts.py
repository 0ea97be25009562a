"""What became of the events of a live host, by their names: how many there were, and where they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from falco.events.table import EVENT_TABLE

if TYPE_CHECKING:
    from falco.stats import EventCounts

_LEAST_TOLD = 1000
"""At the end events that were fewer are told of in one number."""


def counted(filtered: Mapping[int, int], delivered: Sequence[int], matched: Mapping[int, int]) -> EventCounts:
    """The counts of events that there were, by their names; each argument has them by code.

    Enters, which are delivered only where a rule looks at them, have a `>` before their name.
    """
    rows: dict[str, dict[str, int]] = {}
    for code, event_type in enumerate(EVENT_TABLE):
        kept, came, hit = filtered.get(code, 0), delivered[code], matched.get(code, 0)
        if kept or came or hit:
            name = f">{event_type.name}" if event_type.enter else event_type.name
            row = rows.setdefault(name, dict.fromkeys(("seen", "filtered", "delivered", "matched"), 0))
            for key, count in (("seen", kept + came), ("filtered", kept), ("delivered", came), ("matched", hit)):
                row[key] += count
    return rows


def summary(rows: EventCounts) -> str:
    """The lines for the end of the run, most delivered first."""
    order = sorted(rows, key=lambda name: (-rows[name]["delivered"], name))
    told = [name for name in order if rows[name]["seen"] >= _LEAST_TOLD]
    lines = ["Events by their names: seen, kept back by the probe as no rule could match, delivered, matched"]
    lines += [f"   {name}: {' '.join(str(count) for count in rows[name].values())}" for name in told]
    rest = [rows[name]["seen"] for name in order if name not in told]
    if rest:
        lines.append(f"   {len(rest)} others: {sum(rest)} seen")
    return "\n".join(lines) + "\n"
