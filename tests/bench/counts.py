"""How many calls the machine made, and what became of those that falco looks for."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.bench.workload import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

_COUNTED = "raw_syscalls:sys_exit"
_SHOWN = 4
"""The events that were delivered most are named."""
Row = dict[str, int]


class Counts:
    """falco's counts by event, which it writes into a file again and again."""

    ARGS = ("--stats_interval", "250", "-s")
    """What has it do so, before the path of the file."""

    def __init__(self, path: Path) -> None:
        self._path, self._before = path, dict[str, Row]()

    def since(self) -> tuple[int, int, str]:
        """How many calls were kept back and delivered since the last time, and which were delivered most."""
        now = self._next()
        kept, came = (self._more(now, key) for key in ("filtered", "delivered"))
        self._before = now
        order = sorted(came, key=lambda name: -came[name])[:_SHOWN]
        return sum(kept.values()), sum(came.values()), ", ".join(f"{name} {came[name]:,}" for name in order)

    def _more(self, now: dict[str, Row], key: str) -> Row:
        return {name: row[key] - self._before.get(name, {}).get(key, 0) for name, row in now.items()}

    def _next(self) -> dict[str, Row]:
        """The rows of a sample that was begun after this was asked: the one after the next."""
        wanted, until = len(self._samples()) + 2, time.monotonic() + PATIENCE_S
        while len(samples := self._samples()) < wanted:
            if time.monotonic() > until:
                raise RuntimeError("falco writes no counts")
            time.sleep(0.05)
        rows: dict[str, Row] = json.loads(samples[wanted - 1])["by_event"]
        return rows

    def _samples(self) -> list[str]:
        text = self._path.read_text() if self._path.exists() else ""
        return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]


def counting(act: Callable[[], None]) -> int:
    """How many system calls the machine made while something was done."""
    command = ["perf", "stat", "-a", "-x", ";", "-e", _COUNTED, "-o", "/dev/stdout", "cat"]
    counter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        act()
    finally:
        told = counter.communicate()[0]  # cat ends with its input, and perf with it.
    found = re.search(rf"^(\d+);;{_COUNTED}", told, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"perf counted nothing: {told}")
    return int(found[1])
