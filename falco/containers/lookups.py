"""The queue between events and engines: containers to be looked up go in, what is known of them comes out.

Whoever looks at events only ever takes a lock that nobody holds for longer than it takes to move an entry.
"""

from __future__ import annotations

import dataclasses
import heapq
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from falco.containers.denials import Denials
from falco.containers.engine import EngineError, NoSuchContainerError
from falco.containers.health import Health
from falco.logs import LOG
from falco.state.containers import stub
from falco.state.fetching import LONGEST_NS

if TYPE_CHECKING:
    from falco.containers.engine import Engine
    from falco.state.containers import Container

WORKERS = 4
CAPACITY = 4096
"""Containers that may wait to be looked up."""
GIVE_UP_S = LONGEST_NS / 1e9 - 2
"""How long an engine in trouble is asked again and again about a container."""
UNKNOWN_S = 1.0
"""How long engines that are well are asked again about one that they do not have: it may be about to be made."""
FIRST_AGAIN_S, LONGEST_AGAIN_S = 0.05, 1.0
"""How long to wait before asking again, at first and at most."""
_KEPT = 4096
"""Containers that were made and have not run yet, whose answers are kept."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What came of a lookup: the container, or a stub that says why there is nothing.

    is_news says that it tells of a container that has come to life, not of one that was known or had been there.
    """

    container: Container
    is_news: bool


@dataclasses.dataclass(slots=True)
class _Lookup:
    """A container to look up. short is its id in events, full as much of it as is known, kind the likely engine's."""

    short: str
    full: str
    kind: int
    is_news: bool
    asked_at: float
    again_s: float = FIRST_AGAIN_S
    is_early: bool = False


class Lookups:
    """Asks engines by workers of its own. request() and answers() are for the thread of events, and never wait.

    refused counts containers that found the queue full. clock gives seconds that never step back.
    """

    def __init__(
        self, engines: Sequence[Engine], clock: Callable[[], float] = time.monotonic, capacity: int = CAPACITY
    ) -> None:
        self.refused = 0
        self.healths = [Health(engine, clock) for engine in engines]
        self._clock, self._capacity = clock, capacity
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, _Lookup]] = []
        self._under_way: dict[str, _Lookup] = {}
        self._denied = Denials(clock)
        self._early: OrderedDict[str, tuple[Container, ...]] = OrderedDict()
        self._answers: deque[Answer] = deque()
        self._answered: set[str] = set()
        self._count = 0
        self._closed = False
        self._workers: list[threading.Thread] = []

    def start(self, workers: int = WORKERS) -> None:
        """Begin to work, by getting ready what the engines that are there are asked with."""
        threading.Thread(target=self._greet, name="containers-greeting", daemon=True).start()
        for number in range(workers):
            worker = threading.Thread(target=self._work, name=f"containers-{number}", daemon=True)
            self._workers.append(worker)
            worker.start()

    def close(self, patience_s: float = 0.0) -> None:
        """Ask no more; what is being asked is waited for so long."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join(patience_s)

    def request(self, short: str, full: str, kind: int, *, is_news: bool = True) -> None:
        """Have a container looked up, unless it is being looked up or nothing was found out about it just now."""
        lookup = self._under_way.get(short)
        if short in self._answered or (lookup is not None and not lookup.is_early):
            return
        if short in self._denied:
            return
        with self._changed:
            lookup, early = self._under_way.get(short), self._early.pop(short, None)
            if lookup is not None:
                lookup.is_early, lookup.is_news = False, is_news
            elif early is not None:
                self._deliver(early, is_news)
            else:
                self._enter(_Lookup(short, full, kind, is_news, self._clock()))

    def prepare(self, full: str, kind: int) -> None:
        """A container was made and will perhaps run: look it up, and keep the answer until somebody wants it."""
        lookup = _Lookup(full[:12], full, kind, is_news=False, asked_at=self._clock(), is_early=True)
        with self._changed:
            if lookup.short not in self._under_way and len(self._under_way) < self._capacity // 2:
                self._enter(lookup)

    def refresh(self, full: str, kind: int) -> None:
        """A container is not what it was: look it up anew."""
        with self._changed:
            if full[:12] not in self._under_way:
                self._early.pop(full[:12], None)
                self._enter(_Lookup(full[:12], full, kind, is_news=False, asked_at=self._clock()))

    def forget(self, short: str) -> None:
        """A container is no more."""
        with self._changed:
            self._early.pop(short, None)

    def answers(self) -> Iterable[Answer]:
        """What has come since the last time."""
        while self._answers:
            answer = self._answers.popleft()
            self._answered.discard(answer.container.id)
            yield answer

    @property
    def is_busy(self) -> bool:
        """Whether answers are still to come."""
        return bool(self._under_way or self._answers)

    def _enter(self, lookup: _Lookup) -> None:
        if len(self._under_way) >= self._capacity:
            self.refused += 1
            self._answer(stub(lookup.short, lookup.kind, "too many containers wait for it"), False)
            return
        self._under_way[lookup.short] = lookup
        self._put(lookup, lookup.asked_at)

    def _put(self, lookup: _Lookup, due: float) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (due, self._count, lookup))
        self._changed.notify()

    def _deliver(self, containers: Iterable[Container], is_news: bool) -> None:
        """The container is the last, and news only that: its pod's sandbox comes to life by processes of its own."""
        *others, container = containers
        for other in others:
            self._answer(other, False)
        self._answer(container, is_news)

    def _answer(self, container: Container, is_news: bool) -> None:
        self._answered.add(container.id)
        self._answers.append(Answer(container, is_news))

    def _greet(self) -> None:
        for health in self.healths:
            if health.engine.is_there:
                try:
                    health.engine.version()
                except EngineError as error:
                    health.ill(str(error))

    # -- workers -------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (lookup := self._next()) is not None:
            try:
                found, reason, hopeless = self._ask(lookup)
            except Exception as error:  # noqa: BLE001 - a worker that ends would leave all further containers unknown
                LOG.error("Looking up container %s failed: %r", lookup.short, error)
                found, reason, hopeless = (), f"{type(error).__name__}: {error}", True
            with self._changed:
                self._take(lookup, found, reason, hopeless)

    def _next(self) -> _Lookup | None:
        """The next lookup when it is due, None at the end."""
        with self._changed:
            while not self._closed:
                if not self._waiting:
                    self._changed.wait()
                    continue
                left = self._waiting[0][0] - self._clock()
                if left <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(left)
        return None

    def _ask(self, lookup: _Lookup) -> tuple[tuple[Container, ...], str, bool]:
        """What the engines say: the container, else why there is none, and whether it is no use to ask again."""
        there = [health for health in self.healths if health.engine.is_there]
        if not there:
            return (), "no container engine's socket was found", True
        reasons, denials = [], 0
        for health in sorted(there, key=lambda health: health.engine.kind != lookup.kind):
            if health.is_paused:
                reasons.append(f"{health.engine.name}: {health.trouble}")
                continue
            try:
                found = health.engine.look_up(lookup.full)
            except NoSuchContainerError:
                health.well()
                denials += 1
                reasons.append(f"{health.engine.name} does not know it")
            except EngineError as error:
                health.ill(str(error))
                reasons.append(f"{health.engine.name}: {error}")
            else:
                health.well()
                return found, "", False
        age = self._clock() - lookup.asked_at
        return (), ", ".join(reasons), age >= (UNKNOWN_S if denials == len(there) else GIVE_UP_S)

    def _take(self, lookup: _Lookup, found: tuple[Container, ...], reason: str, hopeless: bool) -> None:
        if not found and not hopeless and not lookup.is_early:
            again_s, lookup.again_s = lookup.again_s, min(2 * lookup.again_s, LONGEST_AGAIN_S)
            self._put(lookup, self._clock() + again_s)
            return
        self._under_way.pop(lookup.short, None)
        if not lookup.is_early:
            if found:
                self._denied.lift(lookup.short)
                self._deliver(found, lookup.is_news)
            else:
                self._denied.add(lookup.short)
                self._answer(stub(lookup.short, lookup.kind, reason), False)
        elif found:
            self._early[lookup.short] = found
            if len(self._early) > _KEPT:
                self._early.popitem(last=False)
