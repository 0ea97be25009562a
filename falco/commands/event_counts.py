"""What became of the events of a live host, by their names: how many there were, and where they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from falco.events.table import EVENT_TABLE

if TYPE_CHECKING:
    from falco.stats import EventCounts

_COLUMNS = ("seen", "filtered", "delivered", "matched")
_LEAST_TOLD = 1000
"""At the end events that were fewer, and that no rule matched, are told of in one line."""


def counted(
    filtered: Mapping[int, int], delivered: Sequence[int], matched: Mapping[int, int], *, shadow: bool = False
) -> EventCounts:
    """The counts of events that there were, by their names; each argument has them by code.

    Enters, which are delivered only where a rule looks at them, have a `>` before their name. In shadow mode what would
    be kept back is delivered as well. What was lost on its way to us (drops) is in none of them.
    """
    rows: dict[str, dict[str, int]] = {}
    for code, event_type in enumerate(EVENT_TABLE):
        kept, came, hit = filtered.get(code, 0), delivered[code], matched.get(code, 0)
        seen = came if shadow else kept + came
        if seen or kept or hit:
            name = f">{event_type.name}" if event_type.enter else event_type.name
            row = rows.setdefault(name, dict.fromkeys(_COLUMNS, 0))
            for key, count in (("seen", seen), ("filtered", kept), ("delivered", came), ("matched", hit)):
                row[key] += count
    return rows


def summary(rows: EventCounts) -> str:
    """The lines for the end of the run, most delivered first."""
    order = sorted(rows, key=lambda name: (-rows[name]["delivered"], name))
    told = [name for name in order if rows[name]["seen"] >= _LEAST_TOLD or rows[name]["matched"]]
    rest = [name for name in order if name not in told]
    lines = [_line(f"   {name}", rows[name]) for name in told]
    if rest:
        sums = {key: sum(rows[name][key] for name in rest) for key in _COLUMNS}
        lines.append(_line(f"   {len(rest)} others", sums))
    return "\n".join((_line("Events by their names", {key: key for key in _COLUMNS}), *lines)) + "\n"


def _line(name: str, columns: Mapping[str, object]) -> str:
    return f"{name:24}" + "".join(f" {columns[key]:>12}" for key in _COLUMNS)
