"""Whether we still see: a call of our own whose event has to come back, and the probe's maps as they were made.

The call is prctl with an option that no kernel has, so it does nothing but fail; its second argument is a number that
cannot be guessed. The probe sends its event before the call returns: once the ring is read up to where it stood then,
that event has come or will not come.
"""

from __future__ import annotations

import ctypes
import secrets
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from falco.capture.probe.sifted import CANARY_OPTION
from falco.errors import FalcoError
from falco.events.table import CODES, EVENT_TABLE

if TYPE_CHECKING:
    from falco.events.event import Event

CODE = CODES["SYSCALL_PRCTL_X"]
INTERVAL_S = LIMIT_S = 2.0
"""How often a call is made, and how long its event may take. Together they are less than the 5 s that are promised."""
_OPTION_AT, _NUMBER_AT = (EVENT_TABLE[CODE].index(name) or 0 for name in ("option", "arg2_int"))
_BITS = 62
_UNSEEN = "events no longer arrive"


class Probe(Protocol):
    """What is watched, as falco.capture.live.loader.Loaded."""

    def wrong(self) -> Iterator[str]:
        """What is not as it was made, a sentence for each."""
        ...

    def mend(self) -> None:
        """Make that as it was; FalcoError."""
        ...

    def reattach(self) -> None:
        """Begin anew as far as that goes without loading; FalcoError."""
        ...


class Position(Protocol):
    """How far the ring is written and read, as falco.capture.live.ring.Ring."""

    @property
    def position(self) -> int: ...

    @property
    def produced(self) -> int: ...

    @property
    def fill(self) -> float: ...


class Told(Protocol):
    """Who is told what becomes of our sight, as falco.sight.Sight."""

    def lost(self, reason: str) -> None: ...

    def regained(self, seconds: float) -> None: ...

    def late(self, reason: str) -> None: ...

    def caught_up(self, seconds: float) -> None: ...


_libc = ctypes.CDLL(None)


def call(number: int) -> None:
    """Make the call with this number."""
    _libc.prctl(CANARY_OPTION, ctypes.c_ulong(number), 0, 0, 0)


class Canary:
    """Finds out when nothing is seen any more, tells it once, tries to mend it, and tells when it is mended.

    That events are read late is told as well: they are seen, only not at once. beat() is to be called between batches,
    saw() with every event of CODE.
    """

    def __init__(
        self,
        probe: Probe,
        ring: Position,
        told: Told,
        clock: Callable[[], float] = time.monotonic,
        make_call: Callable[[int], None] = call,
    ) -> None:
        self._probe, self._ring = probe, ring
        self._told = told
        self._clock, self._call = clock, make_call
        self._due = self._asked = clock()
        self._number: int | None = None
        self._until = 0
        self._sound = True
        self._blind_since: float | None = None
        self._late_since: float | None = None

    @property
    def blind(self) -> bool:
        """Whether nothing, or not everything, is seen."""
        return self._blind_since is not None

    def saw(self, event: Event) -> bool:
        """Whether the event is of the call that beat() made."""
        if self._number is None or event.param(_NUMBER_AT) != self._number or event.param(_OPTION_AT) != CANARY_OPTION:
            return False
        self._number = None
        if self._blind_since is not None and self._sound:
            seconds, self._blind_since = self._clock() - self._blind_since, None
            self._told.regained(seconds)
        self._tell_caught_up(self._clock())
        return True

    def beat(self) -> None:
        """Look whether the call's event has come in time, and make another when it is time."""
        now = self._clock()
        late = now >= self._asked + LIMIT_S
        if self._number is not None:
            if self._ring.position < self._until:
                if late and self._late_since is None:
                    self._late_since = now
                    self._told.late(f"more than {LIMIT_S:g} s late, {self._ring.fill:.0%} of the ring full")
                return
            if self._late_since is not None:
                # All is read again; what was asked while there was no room may have been lost for that.
                self._tell_caught_up(now)
                self._asked = now
                self._ask()
                return
            if not late:
                # It may have been lost for lack of room, or to a program that was being exchanged.
                self._ask()
                return
            self._number = None
            self._fail(now, _UNSEEN, self._probe.reattach)
        if now >= self._due:
            self._asked, self._due = now, now + INTERVAL_S
            self._look(now)
            self._ask()

    def _tell_caught_up(self, now: float) -> None:
        if self._late_since is not None:
            seconds, self._late_since = now - self._late_since, None
            self._told.caught_up(seconds)

    def _ask(self) -> None:
        self._number = secrets.randbits(_BITS)
        self._call(self._number)
        self._until = self._ring.produced

    def _look(self, now: float) -> None:
        problems = list(self._probe.wrong())
        self._sound = not problems
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self._fail(now, problems[0] + more, self._probe.mend)

    def _fail(self, now: float, reason: str, mend: Callable[[], None] | None = None) -> None:
        try:
            if mend is not None:
                mend()
        except FalcoError as error:
            reason += f"; it cannot be mended: {error}"
        if self._blind_since is None:
            self._blind_since = now
            self._told.lost(reason)
