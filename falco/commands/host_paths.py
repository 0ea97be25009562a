"""Keeps what the rules' paths mean on a live host: in force, in the recording, and up to date.

A path of a rule may lead to a file system that does not answer (NFS, FUSE). So a thread beside looks; events go on.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from falco.engine.known_paths import KnownPaths
from falco.logs import LOG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from falco.capture.scap.recorder import Recorder
    from falco.commands.in_force import InForce
    from falco.engine.bind import BoundRule
    from falco.fields.path_tables import PathTables

EVERY_S = 3.0
"""How often files are looked at again."""
LOOK_LIMIT_S = 1.0
"""How long a start and a reload wait for the first look."""


def beside(work: Callable[[], object]) -> Callable[[float], bool]:
    """Have a thread do some work, which may hang; the answer waits so many seconds, and says whether it is done."""
    done = threading.Event()

    def run() -> None:
        try:
            work()
        finally:
            done.set()

    threading.Thread(target=run, name="falco-host-paths", daemon=True).start()
    return done.wait


class HostPaths:
    """look() begins, and begins anew after other rules came into force; ticking() keeps it up.

    now_ns gives the time of events that happen now, looked_at_ns up to when events have been looked at (ns since the
    epoch). told is called with the tables whenever they have changed.
    """

    beside = staticmethod(beside)
    clock = staticmethod(time.monotonic)

    def __init__(
        self,
        in_force: InForce,
        host_root: str,
        recording: Recorder | None,
        now_ns: Callable[[], int],
        looked_at_ns: Callable[[], int],
        told: Callable[[PathTables], None] = lambda _: None,
    ) -> None:
        self._in_force, self._host_root, self._recording, self._told = in_force, host_root, recording, told
        self._now_ns, self._looked_at_ns = now_ns, looked_at_ns
        self._next = 0.0
        self._known: KnownPaths
        self._under_way: tuple[Callable[[float], bool], Callable[[], None]] | None = None

    def look(self) -> None:
        """Find out what the paths of the rules in force mean. What takes too long comes into force later."""
        done, found = self._build(self._in_force.ruleset.rules)
        self._under_way = done, lambda: self._know(found)
        if not self._is_settled(LOOK_LIMIT_S):
            LOG.warning(
                "The host's files do not answer yet: until they do, new paths of the rules mean what is written"
            )

    def foresee(self, rules: Iterable[BoundRule]) -> PathTables:
        """What the paths of other rules mean now; what those in force mean if that takes too long."""
        done, found = self._build(rules)
        return found[0].tables if done(LOOK_LIMIT_S) and found else self._in_force.tables

    def ticking(self, running: Callable[[], bool]) -> Callable[[], bool]:
        """The same question, with a look at the host every EVERY_S before it is answered."""

        def tick() -> bool:
            if self._is_settled() and self.clock() >= self._next:
                self._refresh()
            return running()

        return tick

    def _build(self, rules: Iterable[BoundRule]) -> tuple[Callable[[float], bool], list[KnownPaths]]:
        found: list[KnownPaths] = []
        return self.beside(lambda: found.append(KnownPaths.build(rules, self._host_root))), found

    def _refresh(self) -> None:
        self._next = self.clock() + EVERY_S
        known, changed, began = self._known, list[bool](), self._now_ns()
        done = self.beside(lambda: changed.append(bool(known.refresh())))

        def is_due(patience_s: float) -> bool:
            # Events from before the look, which may come late, are about files that it did not find any more.
            return done(patience_s) and self._looked_at_ns() >= began

        def take_up() -> None:
            if any(changed):
                self._tell()

        self._under_way = is_due, take_up
        self._is_settled()

    def _is_settled(self, patience_s: float = 0.0) -> bool:
        """Whether no look is under way; one that is done is taken up."""
        if self._under_way is None:
            return True
        done, take_up = self._under_way
        if not done(patience_s):
            return False
        self._under_way = None
        take_up()
        return True

    def _know(self, found: list[KnownPaths]) -> None:
        (self._known,) = found
        self._next = self.clock() + EVERY_S
        if self._known.left_out:
            LOG.warning("%s paths of the rules are too many to look up, and mean what is written", self._known.left_out)
        self._tell()

    def _tell(self) -> None:
        tables = self._known.tables
        self._in_force.know(tables)
        if self._recording is not None:
            self._recording.know(tables, self._now_ns())
        self._told(tables)
