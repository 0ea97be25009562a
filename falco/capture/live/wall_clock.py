"""The host's own clock, held against that of the events.

Events count time from the boot, by what the host's clock said when Falco started: so their order and their distances
are right whatever happens to that clock. Where it is set, or a machine sleeps without knowing, that has to be told.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from falco.logs import LOG

if TYPE_CHECKING:
    from collections.abc import Callable

WORTH_TELLING_NS = 1_000_000_000


class WallClock:
    """now_ns is the events' time; clock_ns is the host's. Both in ns since the epoch."""

    def __init__(self, now_ns: Callable[[], int], clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns, self._clock_ns = now_ns, clock_ns
        self._told_ns = 0

    def look(self) -> None:
        """Tell in the log if both have come apart, or apart further, since that was told last."""
        apart_ns = self._clock_ns() - self._now_ns()
        if abs(apart_ns - self._told_ns) >= WORTH_TELLING_NS:
            self._told_ns = apart_ns
            LOG.warning(
                "The clock of this host was set: times of events are %.1f s %s until Falco starts again",
                abs(apart_ns) / 1e9,
                "behind it" if apart_ns > 0 else "ahead of it",
            )
