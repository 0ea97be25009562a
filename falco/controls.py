"""What the user asks for while Falco runs, by signals. Handlers only take note; the loop acts between two events.

SIGINT and SIGTERM stop, SIGHUP reloads configuration and rules, SIGUSR1 reopens the outputs, SIGALRM (from a timer)
writes a sample of statistics.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

from falco.logs import LOG

_STOP = (signal.SIGINT, signal.SIGTERM)
_TWICE_S = 0.05


def _nothing() -> None:
    pass


class Controls:
    """The loop looks at pending after each event, and calls act() when it is set; who waits asks running()."""

    __slots__ = ("_asked", "_reload", "_reopen", "_sample", "_sleep", "pending")

    def __init__(
        self,
        *,
        reload: Callable[[], None] = _nothing,
        reopen: Callable[[], None] = _nothing,
        sample: Callable[[], None] = _nothing,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.pending = False
        self._asked: set[int] = set()
        self._reload = reload
        self._reopen = reopen
        self._sample = sample
        self._sleep = sleep

    @contextlib.contextmanager
    def installed(self, sample_every_ms: int = 0) -> Iterator[Controls]:
        """Listen to signals for the time of a with block; a positive interval starts the timer for samples."""
        numbers = (*_STOP, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM)
        before = {number: signal.signal(number, self._note) for number in numbers}
        interval_s = sample_every_ms / 1000
        try:
            signal.setitimer(signal.ITIMER_REAL, interval_s, interval_s)
            yield self
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def running(self) -> bool:
        """Do what was asked for, if anything; False to stop."""
        return not self.pending or self.act()

    def act(self) -> bool:
        """Do what was asked for since the last call; False to stop."""
        self.pending = False
        # A signal that comes during the work below sets pending again and is seen at the next event.
        asked, self._asked = self._asked, set()
        if signal.SIGALRM in asked:
            self._sample()
        if signal.SIGUSR1 in asked:
            self._reopen()
        for number in _STOP:
            if number in asked:
                LOG.info("%s received, exiting", number.name)
                return False
        if signal.SIGHUP in asked:
            self._reload()
        return True

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._asked.add(number)
        self.pending = True
        if number in _STOP:
            # Some send a signal twice at once, to the process and to its group (timeout(1), shells); that is one wish.
            self._sleep(_TWICE_S)
            # Something may hang that cannot be interrupted (an output, a look-up): a second signal ends the process.
            signal.signal(number, signal.SIG_DFL)
