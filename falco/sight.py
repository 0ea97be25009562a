"""Whether Falco sees what happens on this host: told by log and alert when that changes, and all the time in a file.

The file is for those who look from outside, such as a container's health check. It is JSON and written anew as a whole:
{"alive": ns since the epoch, "sees": true or false, "reason": why not, or "", "events": counts by event as in the
statistics of -s, or null}. An old `alive` means a detector that is stuck or gone.

Alert and file come before the log: whoever watches over a loop that waits for the reader of the log must not wait too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from falco.alert import INTERNAL, Alert
from falco.logs import LOG
from falco.priority import Priority

if TYPE_CHECKING:
    from falco.stats import EventCounts

RULE, LATE = "Falco internal: blind", "Falco internal: late"
"""The rules' names in alerts about this, named as that of lost system calls is."""

COUNT_EVERY = 5
"""Beats from one count of events to the next: counting costs more than all the rest of a beat."""


def _unknown() -> None:
    return None


class Sight:
    """What is known of our own sight. path is where the file is written, nowhere if it is empty.

    events gives what became of events, by their names. stuck() and moving() are for the thread that watches the loop,
    the rest for the loop itself.
    """

    def __init__(
        self, raise_alert: Callable[[Alert], None], path: str = "", events: Callable[[], EventCounts | None] = _unknown
    ) -> None:
        self._raise_alert, self._count = raise_alert, events
        self._events: EventCounts | None = None
        self._beats = 0
        self._path = Path(path) if path else None
        self._reason = self._stuck = ""
        self._failed = False

    def lost(self, reason: str) -> None:
        """Nothing, or not everything, is seen from now on."""
        self._reason = reason
        self._tell_lost(reason, "new")

    def regained(self, seconds: float) -> None:
        """All is seen again, after so many seconds."""
        self._reason = ""
        self._tell_regained(seconds, "new")

    def late(self, reason: str) -> None:
        """All is seen, but not soon."""
        text = f"{LATE}. What happens on this host is looked at late: {reason}."
        self._alert(LATE, Priority.WARNING, text, reason, 0.0)
        LOG.warning("Falco looks late at what happens on this host: %s", reason)

    def caught_up(self, seconds: float) -> None:
        """What happens is looked at soon again, after so many seconds."""
        text = f"{LATE}. What happens on this host is looked at in time again, after {seconds:.1f} s."
        self._alert(LATE, Priority.NOTICE, text, "", seconds)
        LOG.warning("Falco looks in time again at what happens on this host, after %.1f s", seconds)

    def stuck(self, reason: str) -> None:
        """The loop does not turn, and nothing is looked at."""
        self._stuck = reason
        self._tell_lost(reason, "stuck")

    def moving(self, seconds: float) -> None:
        """The loop turns again, after so many seconds."""
        self._stuck = ""
        self._tell_regained(seconds, "stuck")

    def beat(self) -> None:
        """Say in the file that we are alive. What keeps it from being written is told once."""
        if self._path is not None and self._beats % COUNT_EVERY == 0:
            self._events = self._count()
        self._beats += 1
        self._write("new")

    def _tell_lost(self, reason: str, ending: str) -> None:
        self._alert(RULE, Priority.CRITICAL, f"{RULE}. What happens on this host is not seen: {reason}.", reason, 0.0)
        self._write(ending)
        LOG.critical("Falco does not see what happens on this host: %s", reason)

    def _tell_regained(self, seconds: float, ending: str) -> None:
        text = f"{RULE}. What happens on this host is seen again, after {seconds:.1f} s."
        self._alert(RULE, Priority.NOTICE, text, "", seconds)
        self._write(ending)
        LOG.warning("Falco sees again what happens on this host, after %.1f s", seconds)

    def _write(self, ending: str) -> None:
        """Write the file. Each thread begins it under a name of its own, by this ending."""
        if self._path is None:
            return
        reason = self._stuck or self._reason
        state = {"alive": time.time_ns(), "sees": not reason, "reason": reason, "events": self._events}
        new = self._path.with_name(f"{self._path.name}.{ending}")
        try:
            new.write_text(json.dumps(state))
            new.replace(self._path)
        except OSError as error:
            if not self._failed:
                LOG.error("%s: health cannot be told: %s", self._path, error.strerror)
            self._failed = True

    def close(self) -> None:
        """Take the file away: nobody looks any more."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _alert(self, rule: str, priority: Priority, text: str, reason: str, seconds: float) -> None:
        fields: dict[str, object] = {"reason": reason} if reason else {"seconds": round(seconds, 3)}
        self._raise_alert(Alert(time.time_ns(), rule, priority, INTERNAL, text, fields))
