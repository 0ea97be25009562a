"""Where lookups wait for one engine, with workers of its own: one that hangs keeps only those waiting who ask it."""

from __future__ import annotations

import dataclasses
import heapq
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.containers.engine import BadAnswerError, EngineError, LateAnswerError, NoSuchContainerError
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.containers.health import Health
    from falco.state.containers import Container

FIRST_AGAIN_S, LONGEST_AGAIN_S = 0.05, 1.0
"""How long to wait before asking all engines again, at first and at most."""


@dataclasses.dataclass(slots=True)
class Lookup:
    """A container to look up. short is its id in events, full as much of it as is known, kind the likely engine's.

    owner is the user in whose slice it runs, None outside of those: besides the host's engines only that user's are
    asked about it. Users decide what their engines say, and could say of any container what they like.

    It goes from desk to desk: left are those where it has not been in this round, told what the others said.
    """

    short: str
    full: str
    kind: int
    is_news: bool
    asked_at: float
    owner: int | None = None
    again_s: float = FIRST_AGAIN_S
    is_early: bool = False
    left: list[Desk] = dataclasses.field(default_factory=list)
    told: list[Told] = dataclasses.field(default_factory=list)

    def begin_round(self, desks: list[Desk]) -> None:
        """All engines are to be asked, the likely ones first."""
        mine = [desk for desk in desks if desk.owner in (None, self.owner)]
        self.left = sorted(mine, key=lambda desk: desk.kind != self.kind)
        self.told = []

    def lengthen(self) -> float:
        """How long (s) to wait before the next round, which is longer each time."""
        now, self.again_s = self.again_s, min(2 * self.again_s, LONGEST_AGAIN_S)
        return now


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """What an engine says of a container: the container, its sandbox before it; else why not.

    is_denial: it has answered, and the answer will hardly change; is_final: not at all, and it is the one to ask. owner
    is the engine's.
    """

    found: tuple[Container, ...] = ()
    reason: str = ""
    is_denial: bool = False
    is_final: bool = False
    owner: int | None = None


class Desk:
    """Of one engine. done gets each lookup and what the engine said, None if it is not there; no lock is held then."""

    def __init__(self, health: Health, clock: Callable[[], float], done: Callable[[Lookup, Told | None], None]) -> None:
        self.health, self.kind, self.owner = health, health.engine.kind, health.engine.owner
        self._clock, self._done = clock, done
        self._changed = threading.Condition()
        self._line: list[tuple[float, int, Lookup]] = []
        self._count = self._asking = 0
        self._closed = False
        self._workers: list[threading.Thread] = []

    def start(self, workers: int) -> None:
        """Begin to work, by getting ready what the engine is asked with."""
        for number in range(workers):
            name = f"containers-{self.health.engine.name}-{number}"
            worker = threading.Thread(target=self._work, args=(number == 0,), name=name, daemon=True)
            self._workers.append(worker)
            worker.start()

    def close(self) -> None:
        """Ask no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def join(self, patience_s: float) -> None:
        """Wait for what is being asked, so long for each worker."""
        for worker in self._workers:
            worker.join(patience_s)

    def put(self, lookup: Lookup, due: float) -> None:
        """Ask the engine about a container when it is due."""
        with self._changed:
            self._count += 1
            heapq.heappush(self._line, (due, self._count, lookup))
            self._changed.notify()

    def refuses(self, lookup: Lookup) -> Told | None:
        """Why a lookup is better off at other desks now: an engine in trouble is tried by one at a time."""
        health = self.health
        if self._asking and health.trouble:
            return Told(reason=f"{health.engine.name}: {health.trouble}", owner=self.owner)
        if lookup.kind != self.kind and self._asking >= len(self._workers):
            return Told(reason=f"{health.engine.name} is busy", owner=self.owner)
        return None

    # -- workers -------------------------------------------------------------------------------------------------

    def _work(self, greets: bool) -> None:
        if greets:
            self.health.greet()
        while (taken := self._next()) is not None:
            lookup, refusal = taken
            if refusal is not None:
                self._done(lookup, refusal)
                continue
            told = self._ask(lookup)
            with self._changed:
                self._asking -= 1
            self._done(lookup, told)

    def _next(self) -> tuple[Lookup, Told | None] | None:
        """The next lookup when it is due, with why it is not to be asked about now, if it is not; None at the end."""
        with self._changed:
            while not self._closed:
                left = self._line[0][0] - self._clock() if self._line else None
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                lookup = heapq.heappop(self._line)[2]
                refusal = self.refuses(lookup)
                self._asking += refusal is None
                return lookup, refusal
        return None

    def _ask(self, lookup: Lookup) -> Told | None:
        health, engine = self.health, self.health.engine
        if not engine.is_there:
            return None
        if health.is_paused:
            return Told(reason=f"{engine.name}: {health.trouble}", owner=self.owner)
        answers = health.answers
        try:
            found = engine.look_up(lookup.full)
        except NoSuchContainerError:
            health.well()
            return Told(reason=f"{engine.name} does not know it", is_denial=True, owner=self.owner)
        except BadAnswerError as error:
            health.well()
            return self._odd(lookup, error, error.may_change)
        except EngineError as error:
            if isinstance(error, LateAnswerError) and health.answers != answers:
                return self._odd(lookup, error)  # It has answered about others meanwhile.
            health.ill(str(error))
            return Told(reason=f"{engine.name}: {error}", owner=self.owner)
        except Exception as error:  # noqa: BLE001 - a worker that ends would leave all further containers unknown
            LOG.error("Looking up container %s failed: %r", lookup.short, error)
            return Told(reason=f"{type(error).__name__}: {error}", is_final=True, owner=self.owner)
        health.well()
        return Told(found, owner=self.owner)

    def _odd(self, lookup: Lookup, error: EngineError, may_change: bool = False) -> Told:
        """What is wrong is wrong with this container; those who are not likely to have it have no say in that."""
        self.health.odd(lookup.short, str(error))
        is_final = lookup.kind == self.kind and not may_change
        return Told(reason=f"{self.health.engine.name}: {error}", is_denial=True, is_final=is_final, owner=self.owner)
