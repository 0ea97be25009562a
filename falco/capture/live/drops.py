"""What the probe could not send: its counts, by cause, and how they grew."""

from __future__ import annotations

import struct
from typing import Protocol

MAP = "counts"
SENT, RING_FULL, TOO_LONG, NO_SCRATCH, NO_STEP, NAMELESS, MOVED = range(7)
"""COUNT_* of c/runtime.h."""
CAUSES = {
    RING_FULL: "the ring buffer was full",
    NO_SCRATCH: "no memory to build a record in",
    NO_STEP: "a program that finishes records was not there",
    NAMELESS: "the names in requests by io_uring were gone",
}
"""Why records were lost. TOO_LONG is not among them: it loses a parameter of a record that is sent."""


class Counts(Protocol):
    """The probe's map of counts, as falco.capture.live.bpf.Map."""

    def lookup_cpus(self, key: int) -> tuple[bytes, ...]:
        """Every CPU's value, in eight bytes."""
        ...


class Drops:
    """Looks at the counts of all CPUs together. total is how many records were lost so far, sent how many were not."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._last = dict.fromkeys(CAUSES, 0)
        self.total = self.sent = self.shortened = 0

    def look(self) -> dict[str, int]:
        """How many records were lost since the last look, by cause; no cause without any. BpfError."""
        now = {cause: self._sum(cause) for cause in CAUSES}
        lost = {CAUSES[cause]: count - self._last[cause] for cause, count in now.items() if count > self._last[cause]}
        self._last = now
        self.total, self.sent, self.shortened = sum(now.values()), self._sum(SENT), self._sum(TOO_LONG)
        return lost

    def moved(self) -> int:
        """How many calls were kept back after which a path may lead elsewhere. BpfError."""
        return self._sum(MOVED)

    def _sum(self, which: int) -> int:
        return sum(int(struct.unpack("=Q", value)[0]) for value in self._counts.lookup_cpus(which))
