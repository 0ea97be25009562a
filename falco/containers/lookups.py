"""The queue between events and engines: containers to be looked up go in, what is known of them comes out.

Whoever looks at events only ever takes a lock that nobody holds for longer than it takes to move an entry.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from falco.containers.denials import Denials
from falco.containers.desk import Desk, Lookup, Told
from falco.containers.health import Health
from falco.state.containers import stub
from falco.state.fetching import LONGEST_NS

if TYPE_CHECKING:
    from falco.containers.engine import Engine
    from falco.state.containers import Container

WORKERS = 4
"""Threads that ask an engine, of some 35 kB each: when one lookup hangs, others find out whether the engine does."""
CAPACITY = 4096
"""Containers that may wait to be looked up."""
GIVE_UP_S = LONGEST_NS / 1e9 - 2
"""How long an engine in trouble is asked again and again about a container."""
UNKNOWN_S = 1.0
"""How long engines that are well are asked again about one that they do not have: it may be about to be made."""
_KEPT = 4096
"""Containers that were made and have not run yet, whose answers are kept; and those that a user's engine told of."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What came of a lookup: the container, or a stub that says why there is nothing.

    is_news says that it tells of a container that has come to life, not of one that was known or had been there.
    """

    container: Container
    is_news: bool


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
        self._desks = [Desk(health, clock, self._told) for health in self.healths]
        self._lock = threading.Lock()
        self._under_way: dict[str, Lookup] = {}
        self._denied = Denials(clock)
        self._early: OrderedDict[str, tuple[int | None, tuple[Container, ...]]] = OrderedDict()
        self._of_users: OrderedDict[str, int] = OrderedDict()
        self._answers: deque[Answer] = deque()
        self._answered: set[str] = set()

    def start(self, workers: int = WORKERS) -> None:
        """Begin to work, with so many threads for each engine."""
        for desk in self._desks:
            desk.start(workers)

    def close(self, patience_s: float = 0.0) -> None:
        """Ask no more; what is being asked is waited for so long."""
        for desk in self._desks:
            desk.close()
        for desk in self._desks:
            desk.join(patience_s)

    def request(self, short: str, full: str, kind: int, owner: int | None = None, *, is_news: bool = True) -> None:
        """Have a container looked up, unless it is being looked up or nothing was found out about it just now.

        owner is the user whose engines are asked besides the host's own.
        """
        lookup = self._under_way.get(short)
        if short in self._answered or (lookup is not None and not lookup.is_early):
            return
        if short in self._denied:
            return
        with self._lock:
            lookup = self._under_way.get(short)
            told_by, early = self._early.pop(short, (None, ()))
            if lookup is not None:
                lookup.is_early, lookup.is_news, lookup.owner = False, is_news, owner
            elif early and told_by in (None, owner):
                self._note_owner(short, told_by)
                self._deliver(early, is_news)
            else:
                self._enter(Lookup(short, full, kind, is_news, self._clock(), owner))

    def prepare(self, full: str, kind: int, owner: int | None = None) -> None:
        """A container was made and will perhaps run: look it up, and keep the answer until somebody wants it.

        owner is that of the engine that says so; likewise in refresh().
        """
        lookup = Lookup(full[:12], full, kind, is_news=False, asked_at=self._clock(), owner=owner, is_early=True)
        with self._lock:
            if lookup.short not in self._under_way and len(self._under_way) < self._capacity // 2:
                self._enter(lookup)

    def refresh(self, full: str, kind: int, owner: int | None = None) -> None:
        """A container is not what it was: look it up anew. Of users' engines each has a say in its own only."""
        with self._lock:
            is_theirs = owner is None or self._of_users.get(full[:12]) == owner
            if is_theirs and full[:12] not in self._under_way:
                self._early.pop(full[:12], None)
                self._enter(Lookup(full[:12], full, kind, is_news=False, asked_at=self._clock(), owner=owner))

    def forget(self, short: str) -> None:
        """A container is no more."""
        with self._lock:
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

    def _enter(self, lookup: Lookup) -> None:
        if len(self._under_way) >= self._capacity:
            self.refused += 1
            self._answer(stub(lookup.short, lookup.kind, "too many containers wait for it"), False)
            return
        self._under_way[lookup.short] = lookup
        lookup.begin_round(self._desks)
        self._forward(lookup)

    def _deliver(self, containers: Iterable[Container], is_news: bool) -> None:
        """The container is the last, and news only that: its pod's sandbox comes to life by processes of its own."""
        *others, container = containers
        for other in others:
            self._answer(other, False)
        self._answer(container, is_news)

    def _answer(self, container: Container, is_news: bool) -> None:
        self._answered.add(container.id)
        self._answers.append(Answer(container, is_news))

    # -- what desks say ------------------------------------------------------------------------------------------

    def _told(self, lookup: Lookup, told: Told | None) -> None:
        """An engine has said something of a container, or is not there."""
        with self._lock:
            if told is not None and told.owner in (None, lookup.owner):
                lookup.told.append(told)
                if told.found or told.is_final:
                    self._take(lookup, told.found, is_hopeless=True)
                    return
            self._forward(lookup)

    def _forward(self, lookup: Lookup) -> None:
        """On to the next desk that takes it; after the last one it is decided what comes of the round."""
        refusals = []
        for desk in lookup.left:
            refusal = desk.refuses(lookup)
            if refusal is None:
                lookup.left.remove(desk)
                desk.put(lookup, self._clock())
                return
            refusals.append(refusal)
        lookup.told += refusals
        denials, age = sum(told.is_denial for told in lookup.told), self._clock() - lookup.asked_at
        patience_s = UNKNOWN_S if denials == len(lookup.told) else GIVE_UP_S
        self._take(lookup, (), is_hopeless=not lookup.told or age >= patience_s)

    def _again(self, lookup: Lookup) -> None:
        """Another round after a while, from the first desk that would take it now."""
        lookup.begin_round(self._desks)
        first = next((desk for desk in lookup.left if desk.refuses(lookup) is None), lookup.left[0])
        lookup.left.remove(first)
        first.put(lookup, self._clock() + lookup.lengthen())

    def _take(self, lookup: Lookup, found: tuple[Container, ...], *, is_hopeless: bool) -> None:
        if not is_hopeless and not lookup.is_early:
            self._again(lookup)
            return
        self._under_way.pop(lookup.short, None)
        told_by = lookup.told[-1].owner if found else None
        if not lookup.is_early:
            if found:
                self._denied.lift(lookup.short)
                self._note_owner(lookup.short, told_by)
                self._deliver(found, lookup.is_news)
            else:
                self._denied.add(lookup.short)
                self._answer(stub(lookup.short, lookup.kind, _reason(lookup.told)), False)
        elif found:
            self._early[lookup.short] = told_by, found
            if len(self._early) > _KEPT:
                self._early.popitem(last=False)

    def _note_owner(self, short: str, owner: int | None) -> None:
        self._of_users.pop(short, None)
        if owner is not None:
            self._of_users[short] = owner
            if len(self._of_users) > _KEPT:
                self._of_users.popitem(last=False)


def _reason(told: Iterable[Told]) -> str:
    return ", ".join(each.reason for each in told) or "no container engine's socket was found"
