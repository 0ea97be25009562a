"""The whole probe attached for a while: what it sends about some threads while something is done."""

from __future__ import annotations

import dataclasses
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from falco.capture.live.loader import Loaded
from falco.capture.live.ring import Ring, map_pages
from falco.capture.live.source import LiveSource
from falco.capture.probe.build import build_probe
from falco.capture.probe.compile import compile_in_parts
from falco.capture.probe.plan import REAL_ENTERS, Wanted, make_plan
from falco.capture.probe.text import probe_text
from falco.events import facts
from falco.events.event import Event
from falco.events.table import EVENT_TABLE
from falco.state.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.capture.probe.cache import Cache
    from falco.capture.probe.object import ProbeObject
    from falco.events.table import EventType

RING = 64 << 20
EVERYTHING = Wanted(frozenset(range(len(EVENT_TABLE))), None, times=True, snaplen=80)


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """An event copied out: raw are all its parameters' bytes, those behind the event table's are facts."""

    num: int
    ts: int
    tid: int
    code: int
    raw: tuple[bytes, ...]
    values: dict[str, object]

    @property
    def type(self) -> EventType:
        """Its row of the event table."""
        return EVENT_TABLE[self.code]

    def fact(self, kind: int) -> bytes:
        """The first fact of a kind, undecoded; empty if there is none."""
        return next((raw for raw in self.raw[len(self.type.params) :] if raw and raw[0] == kind), b"")

    @property
    def fd(self) -> facts.FdFact:
        """What the kernel says of the fd."""
        return facts.decode_fd(self.fact(facts.FD))


def build_everything(cache: Cache, *cflags: str) -> ProbeObject:
    """Every program, for this kernel."""
    return _build(EVERYTHING, cache, *cflags)


def build_for(wanted: Wanted, *cflags: str) -> ProbeObject:
    """The programs for what is wanted, not kept anywhere."""
    return _build(wanted, None, *cflags)


def _build(wanted: Wanted, cache: Cache | None, *cflags: str) -> ProbeObject:
    plan = make_plan(wanted, 0)
    text_for = partial(probe_text, plan.programs, tuple(plan.texts.values()))
    release = os.uname().release
    flags = ("-DRING_PAGES=1", "-g0", *cflags)
    return build_probe(text_for, Path("/"), release, cache, cflags=flags, compiler=compile_in_parts)


class Watching:
    """A probe with what is wanted attached, for a with block."""

    def __init__(self, probe: ProbeObject, wanted: Wanted = EVERYTHING, *, shadow: bool = False) -> None:
        clock = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.loaded = Loaded(probe, make_plan(wanted, clock, shadow=shadow), {"ring": RING})
        self._ring = Ring(map_pages(self.loaded.maps["ring"].fd), RING)
        self._until = 0
        self.source = LiveSource(self._ring, Event(State()), self._idle, REAL_ENTERS | wanted.real)

    def __enter__(self) -> Self:
        self.loaded.attach()
        return self

    def __exit__(self, *_: object) -> None:
        self._ring.close()
        self.loaded.close()

    def seen(self, act: Callable[[], object], of: Callable[[Event], bool] | None = None) -> list[Seen]:
        """What came while something was done: of this process's threads, unless a test says of what."""
        own = os.getpid()
        self._drain(lambda event: False)
        act()
        return self._drain(of or (lambda event: event.tid == own))

    def _drain(self, of: Callable[[Event], bool]) -> list[Seen]:
        found = []
        self._until = self._ring.produced
        for event in self.source:
            if of(event):
                names = [param.name for param in event.type.params]
                values = {name: event.param(i) for i, name in enumerate(names) if i < event.nparams}
                found.append(Seen(event.num, event.ts, event.tid, event.code, event.params(), values))
        return found

    def _idle(self) -> bool:
        # The source asks after each batch: go on until everything is read that had been sent by then.
        return self._ring.position < self._until
