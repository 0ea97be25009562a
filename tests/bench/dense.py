"""A capture in which nearly every event counts: the six behaviours again and again, each time by other processes.

Repeating the shipped capture instead would begin the same processes anew, none of which ever ends, with the same words
each time, and would tell of the same containers all the time. Here every round has its own processes, arguments,
environment and file, its processes end, and containers are told of once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.events import Builder, Built
from tests.functional import six_behaviours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FIRST_TID = 200
"""Processes from here on are begun in the capture; each round has a thousand tids for them."""
_TIDS = ("tid", "tid_", "pid", "ptid", "res")
_HIDDEN_FILE = "/dev/.udev-cache"
_ENVIRONMENT = [f"VARIABLE_{number}=/usr/share/value/{number}" for number in range(20)]


class _Rounds(Builder):
    """Builds the events of the behaviours as those of the current round."""

    def __init__(self) -> None:
        super().__init__()
        self.number = self.written = 0
        self.begun: list[int] = []

    def add(self, symbol: str, /, **values: object) -> Built:
        for name in _TIDS:
            value = values.get(name)
            if isinstance(value, int) and value >= _FIRST_TID:
                values[name] = value + self.number * 1000
        if symbol == "SYSCALL_EXECVE_19_X":
            words = values["args"]
            assert isinstance(words, list)
            values |= {"args": [*words, f"--run={self.number}"], "env": [f"RUN={self.number}", *_ENVIRONMENT]}
        if values.get("name") == _HIDDEN_FILE:
            values["name"] = f"{_HIDDEN_FILE}-{self.number}"
        built = super().add(symbol, **values)
        if symbol == "SYSCALL_EXECVE_19_X":
            self.begun.append(built.tid)
        return built

    def end_round(self) -> None:
        """End the processes that have begun, and go on with the next round."""
        begun, self.begun = self.begun, []
        self.number += 1
        for tid in begun:
            super().add("PROCEXIT_1_E", tid=tid, status=0)


def write_dense(target: Path, events: int) -> int:
    """Write at least so many events; how many is returned."""
    builder = _Rounds()
    six_behaviours.write_events(target, _rounds(builder, events))
    return builder.written


def _rounds(builder: _Rounds, events: int) -> Iterator[Built]:
    six_behaviours.containers(builder)
    while builder.written < events:
        six_behaviours.processes(builder)
        builder.end_round()
        builder.written += len(builder.built)
        yield from builder.built
        builder.built.clear()
