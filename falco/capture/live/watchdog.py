"""Whether the thread that looks at events still does: found out by another one, as it cannot tell that itself.

It may wait for something that never comes, such as a file system that does not answer or a log that nobody reads. So
whatever might wait as well, telling it included, has a thread of its own here, and the last resort needs nobody.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType

from falco.logs import LOG

LOOK_S = 0.5
STUCK_S, END_S = 4.0, 60.0
"""How long the loop stands still until that is told, and until the program ends so that it may be started anew. A
reload of the rules takes a second."""
FAILED = 1
"""The exit status then."""
_LAST_WORDS_S = 1.0


class Watchdog:
    """Tells when beat() is no longer called, from its first call on, and when it is called again.

    on_stuck gets the reason, on_moving after how many seconds it was over; both are called by a thread of their own.
    end is called, with the exit status, after END_S. Time is counted by looks, each LOOK_S after the one before: what
    passes while the whole program is stopped does not count.
    """

    def __init__(
        self, on_stuck: Callable[[str], None], on_moving: Callable[[float], None], end: Callable[[int], None] = os._exit
    ) -> None:
        self._on_stuck, self._on_moving, self._end = on_stuck, on_moving, end
        self._beats = self._seen = 0
        self._still_s = 0.0
        self._watched = threading.get_ident()
        self._stop = threading.Event()
        self._told: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def beat(self) -> None:
        """The loop turns. The first call begins the watch, and its thread is the one that is watched."""
        if not self._beats:
            self._watched = threading.get_ident()
            for run in (self._run, self._tell):
                threading.Thread(target=run, name="falco-watchdog", daemon=True).start()
        self._beats += 1

    def close(self) -> None:
        """Watch no more."""
        self._stop.set()

    def look(self) -> None:
        """Look whether there was a beat since the last look, LOOK_S ago."""
        if self._beats != self._seen:
            self._seen = self._beats
            if self._still_s >= STUCK_S:
                seconds = self._still_s
                self._told.put(lambda: self._on_moving(seconds))
            self._still_s = 0.0
            return
        before, self._still_s = self._still_s, self._still_s + LOOK_S
        if before < STUCK_S <= self._still_s:
            reason = f"events are no longer looked at, for {STUCK_S:g} s by now ({self._place()})"
            self._told.put(lambda: self._on_stuck(reason))
        elif before < END_S <= self._still_s:
            self._give_up()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            self.look()

    def _tell(self) -> None:
        while True:
            tell = self._told.get()
            try:
                tell()
            except OSError as error:
                LOG.error("What the watchdog found could not be told: %s", error)

    def _give_up(self) -> None:
        words = f"Falco has looked at no events for {END_S:g} s and ends, to be started anew ({self._place()})"
        last = threading.Thread(target=LOG.critical, args=(words,), daemon=True)
        last.start()
        last.join(_LAST_WORDS_S)
        self._end(FAILED)

    def _place(self) -> str:
        """Where in our code the watched thread is."""
        frame = sys._current_frames().get(self._watched)
        return "its thread has ended" if frame is None else f"in {_where(frame)}"


def _where(frame: FrameType) -> str:
    code = frame.f_code
    return f"{code.co_name}, line {frame.f_lineno} of {'/'.join(code.co_filename.split('/')[-2:])}"
