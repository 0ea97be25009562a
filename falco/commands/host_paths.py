"""Keeps what the rules' paths mean on a live host: in force, in the recording, and up to date."""

from __future__ import annotations

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


class HostPaths:
    """look() begins, and begins anew after other rules came into force; ticking() keeps it up.

    clock gives seconds that never step back, now_ns the time of events (ns since the epoch). told is called with the
    tables whenever they have changed.
    """

    def __init__(
        self,
        in_force: InForce,
        host_root: str,
        recording: Recorder | None,
        clock: Callable[[], float],
        now_ns: Callable[[], int],
        told: Callable[[PathTables], None] = lambda _: None,
    ) -> None:
        self._in_force, self._host_root, self._recording, self._told = in_force, host_root, recording, told
        self._clock, self._now_ns = clock, now_ns
        self._next = 0.0
        self._known: KnownPaths

    def look(self) -> None:
        """Find out what the paths of the rules in force mean."""
        self._known = known = KnownPaths.build(self._in_force.ruleset.rules, self._host_root)
        self._next = self._clock() + EVERY_S
        if known.left_out:
            LOG.warning("%s paths of the rules are too many to look up, and mean what is written", known.left_out)
        self._tell()

    def foresee(self, rules: Iterable[BoundRule]) -> PathTables:
        """What the paths of other rules mean now."""
        return KnownPaths.build(rules, self._host_root).tables

    def ticking(self, running: Callable[[], bool]) -> Callable[[], bool]:
        """The same question, with a look at the host every EVERY_S before it is answered."""

        def tick() -> bool:
            now = self._clock()
            if now >= self._next:
                self._next = now + EVERY_S
                if self._known.refresh():
                    self._tell()
            return running()

        return tick

    def _tell(self) -> None:
        tables = self._known.tables
        self._in_force.know(tables)
        if self._recording is not None:
            self._recording.know(tables, self._now_ns())
        self._told(tables)
