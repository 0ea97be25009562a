"""How a forwarder is doing: a JSON file and one of Prometheus metrics in its directory, and lines of the log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from falco.logs import LOG
from falco.store.cursors import replace

JSON_FILE, METRICS_FILE = "health.json", "metrics.prom"
_EVERY_S = 5.0
_METRICS = (
    ("delivered_total", "counter", "delivered", "alerts delivered since the start"),
    ("filtered_total", "counter", "filtered", "alerts that this destination is not to get"),
    ("refusals_total", "counter", "refusals", "refusals by the destination"),
    ("failures_total", "counter", "failures", "tries that failed"),
    ("dead_letters", "gauge", "dead_letters", "alerts put aside"),
    ("backlog", "gauge", "backlog", "alerts that wait"),
    ("backlog_age_seconds", "gauge", "backlog_age_s", "how long the oldest of them has waited"),
    ("last_success_timestamp_seconds", "gauge", "last_success", "when an alert was delivered last"),
    ("up", "gauge", "up", "1 if the last try worked"),
)


class Health:
    """Counts, and what changed. A trouble is logged when it begins, when its reason changes, and when it is over."""

    def __init__(self, name: str, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self.delivered = self.filtered = self.refusals = self.failures = self.dead_letters = 0
        self.backlog = 0
        self.oldest_ns = 0
        self.last_success = 0.0
        self.trouble = ""
        self._folder = folder
        self._clock = clock
        self._logged: set[str] = set()
        self._next = 0.0

    def success(self, count: int) -> None:
        """So many alerts were delivered."""
        self.delivered += count
        self.last_success = self._clock()
        self.over()

    def over(self) -> None:
        """What went wrong does so no longer."""
        if self.trouble:
            LOG.warning("%s: works again", self.name)
            self.trouble = ""
            self._logged.clear()

    def failure(self, reason: str) -> None:
        """A try failed."""
        self.failures += 1
        self.trouble = reason
        # Reasons that take turns are told once each; how many there can be is bounded in case they hold numbers.
        if reason not in self._logged and len(self._logged) < 10:
            self._logged.add(reason)
            LOG.error("%s: %s; trying again until it works", self.name, reason)

    def refusal(self, reason: str) -> None:
        """The destination does not want an alert."""
        self.refusals += 1
        self.failure(f"an alert was refused: {reason}")

    def as_dict(self) -> dict[str, Any]:
        """What the JSON file holds; times in seconds since 1970."""
        now = self._clock()
        return {
            "name": self.name,
            "up": int(not self.trouble),
            "trouble": self.trouble or None,
            "last_success": self.last_success or None,
            "backlog": self.backlog,
            "backlog_age_s": round(max(0.0, now - self.oldest_ns / 1e9), 3) if self.backlog else 0,
            "delivered": self.delivered,
            "filtered": self.filtered,
            "refusals": self.refusals,
            "failures": self.failures,
            "dead_letters": self.dead_letters,
            "written": now,
        }

    def write(self, *, now: bool = True) -> None:
        """Write both files, or only if it is time for that."""
        if not now and self._clock() < self._next:
            return
        self._next = self._clock() + _EVERY_S
        values = self.as_dict()
        try:
            replace(self._folder / JSON_FILE, json.dumps(values).encode() + b"\n")
            replace(self._folder / METRICS_FILE, metrics(values).encode())
        except OSError as error:
            self.failure(f"health cannot be written: {error.strerror}")


def metrics(values: dict[str, Any]) -> str:
    """The values of a JSON file in Prometheus' text format."""
    lines = []
    for name, kind, key, text in _METRICS:
        full = f"falco_forwarder_{name}"
        lines += [f"# HELP {full} {text}", f"# TYPE {full} {kind}"]
        lines.append(f'{full}{{destination="{values["name"]}"}} {values[key] or 0}')
    return "\n".join(lines) + "\n"
