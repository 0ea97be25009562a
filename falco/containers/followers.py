"""Keeps up with what happens to containers between their first and their last process, as docker and podman tell it.

A container that was made is looked up before it runs, so that its metadata is there when its first process comes, and
even when that one has ended before anybody could ask. One that was renamed or changed is looked up anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from falco.containers.engine import EngineError

if TYPE_CHECKING:
    from falco.containers.health import Health

FIRST_S, LONGEST_S = 0.5, 30.0
"""How long to wait before following again, at first and at most."""
_CHANGES = ("rename", "update", "start")
_ENDS = ("destroy", "remove")


class Followed(Protocol):
    """An engine that tells what happens."""

    name: str
    kind: int
    owner: int | None

    @property
    def is_there(self) -> bool:
        """Whether its socket exists."""
        ...

    def follow(self) -> Iterator[tuple[str, str]]:
        """What happens to containers as (action, id). EngineError."""
        ...


class Asked(Protocol):
    """Who looks containers up."""

    def prepare(self, full: str, kind: int, owner: int | None) -> None:
        """A container was made and will perhaps run."""
        ...

    def refresh(self, full: str, kind: int, owner: int | None) -> None:
        """A container is not what it was."""
        ...

    def forget(self, short: str) -> None:
        """A container is no more."""
        ...


class Followers:
    """A thread for each engine; they end with the program or at close(). on_end gets the short ids of removed ones."""

    def __init__(self, lookups: Asked, on_end: Callable[[str], None]) -> None:
        self._lookups, self._on_end = lookups, on_end
        self._stop = threading.Event()

    def start(self, engines: Iterable[tuple[Followed, Health]]) -> None:
        """Follow engines, whether they are there by now or will be."""
        for engine, health in engines:
            run = threading.Thread(target=self._run, args=(engine, health), name="containers-follower", daemon=True)
            run.start()

    def close(self) -> None:
        """Begin no more to follow; what is followed ends with the program."""
        self._stop.set()

    def take(self, action: str, full: str, kind: int, owner: int | None = None) -> None:
        """Something has happened to a container, says an engine of this kind and this user."""
        if len(full) < 12 or not full.isalnum():
            return
        if action == "create":
            self._lookups.prepare(full, kind, owner)
        elif action in _CHANGES:
            self._lookups.refresh(full, kind, owner)
        elif action in _ENDS:
            self._lookups.forget(full[:12])
            self._on_end(full[:12])

    def _run(self, engine: Followed, health: Health) -> None:
        pause_s = FIRST_S
        while not self._stop.wait(pause_s if pause_s > FIRST_S else 0.0):
            if not engine.is_there:
                self._stop.wait(FIRST_S)
                continue
            try:
                for action, full in engine.follow():
                    pause_s = FIRST_S
                    if self._stop.is_set():
                        return
                    self.take(action, full, engine.kind, engine.owner)
            except EngineError as error:
                health.ill(str(error))
            pause_s = min(2 * pause_s, LONGEST_S)
