"""Counts of a run: the summary at its end, and samples into a file while it lasts."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from falco.escape import escape_controls

if TYPE_CHECKING:
    from falco.priority import Priority


NO_CODE = -1
"""Of an event that is no system call's."""
EventCounts = Mapping[str, Mapping[str, int]]
"""What became of events, by their names: seen, of these filtered (kept back in the kernel) or delivered, matched."""


class RuleCounts:
    """How often rules matched, counted before any limit on alerts."""

    def __init__(self) -> None:
        self.total = 0
        self._by_severity: dict[tuple[Priority, str], int] = {}
        self._by_rule: dict[str, int] = {}
        self.by_code: dict[int, int] = {}
        """Matches by the code of their event, without Kubernetes audit events."""

    def add(self, rule: str, priority: Priority, written: str, code: int = NO_CODE) -> None:
        """Count a match; written is the priority as the rules file has it, which is what the summary shows."""
        self.total += 1
        if code != NO_CODE:
            self.by_code[code] = self.by_code.get(code, 0) + 1
        severity = (priority, written)
        self._by_severity[severity] = self._by_severity.get(severity, 0) + 1
        self._by_rule[rule] = self._by_rule.get(rule, 0) + 1

    def summary(self) -> str:
        """The lines that 0.15 prints on standard output at the end, worst severity and earliest rule first."""
        lines = [f"Events detected: {self.total}", "Rule counts by severity:"]
        lines += [f"   {written}: {self._by_severity[p, written]}" for p, written in sorted(self._by_severity)]
        lines.append("Triggered rules by rule name:")
        lines += [f"   {escape_controls(name)}: {count}" for name, count in self._by_rule.items()]
        return "\n".join(lines) + "\n"


def drop_summary(detected: int, acted: int) -> str:
    """The lines about lost system calls that 0.15 prints on standard error at the end."""
    return (
        "Syscall event drop monitoring:\n"
        f"   - event drop detected: {detected} occurrences\n"
        f"   - num times actions taken: {acted}\n"
    )


class StatsFile:
    """A JSON object a line, one for each sample, with 0.15's keys; extra goes into each of them."""

    def __init__(self, path: str, extra: Mapping[str, str]) -> None:
        """Open the file for appending (OSError)."""
        # Without a buffer, which on a full disk would keep what it could not write for ever.
        self._file = io.FileIO(path, "a")
        self._extra = dict(extra)
        self._samples = 0
        self._last = (0, 0, 0)

    def write(
        self, events: int, drops: int = 0, preemptions: int = 0, by_event: EventCounts | None = None,
        refused: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        """Append a sample of the counts since the start of the run (OSError).

        by_event is of a live host; refused is what tables and queues had no room for, where there are any.
        """
        now = (events, drops, preemptions)
        delta = tuple(a - b for a, b in zip(now, self._last, strict=True))
        self._samples += 1
        self._last = now
        names = ("events", "drops", "preemptions")
        sample = {
            "sample": self._samples,
            **self._extra,
            "cur": dict(zip(names, now, strict=True)),
            "delta": dict(zip(names, delta, strict=True)),
            "drop_pct": 100.0 * delta[1] / delta[0] if delta[0] else 0,
            **({} if by_event is None else {"by_event": by_event}),
            **({} if refused is None else {"refused": refused}),
        }
        self._file.write(json.dumps(sample).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
