"""Threads, fds, users, interfaces and containers as of the current event.

apply() brings the tables to where they are after an event, before rules look at it; settle() does the removals that
have to wait until they have looked. One writer, no locks. The rules are those of libsinsp in Falco 0.15's days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import unsigned
from falco.events.facts import OWN
from falco.events.syscalls import IGNORED_CODES
from falco.events.table import EVENT_TABLE, GENERIC_X
from falco.events.types import Category
from falco.state import facts, opening
from falco.state.handlers import HANDLERS, IGNORED, NO_PLACEHOLDER, NO_THREAD
from falco.state.merging import Merge
from falco.state.resets import RESETS
from falco.state.tables import Tables

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.fds import FdInfo
    from falco.state.snapshot import Machine, Snapshot
    from falco.state.threads import ThreadInfo

_INTERNAL = frozenset(t.code for t in EVENT_TABLE if t.category & Category.INTERNAL)
_APART_ALWAYS = tuple(t.code in NO_THREAD or t.code in _INTERNAL for t in EVENT_TABLE)
"""Code -> whether State._apart() has to look at it with -A."""
_APART_ALL = (True,) * len(EVENT_TABLE)
"""While a merge lasts."""
_CONTAINERS = frozenset(t.code for t in EVENT_TABLE if t.name == "container")
_NOTHING: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())


def _system_call(event: Event) -> int:
    """The PPM_SC code of a generic event. It is read in its place, as nothing else of most of these is looked at."""
    at, buffer = event.offset + 2 * event.nparams, event.buffer
    if event.nparams and at + 2 <= event.end:
        return buffer[at] | buffer[at + 1] << 8
    return unsigned(event.raw(0))


class State(Tables):
    """All tables, as events change them.

    all_events is -A: without it, events that 0.15 ignores change nothing and stay hidden, but for those of heed().
    unsettled says that removals wait for settle(). told_fd is the number of the fd that an event's fact is about, None
    where it has none; it holds for events with facts only. told_files are entries of files by the facts that they were
    made of, to be used again when the same is told again.
    """

    def __init__(self, all_events: bool = False) -> None:
        self.all_events = all_events
        self._merge: Merge | None = None
        self.machine: Machine | None = None
        self.first_ts = 0
        self.told_fd: int | None = None
        self.told_files: dict[bytes, FdInfo] = {}
        self._ignored, self._ignored_calls = _NOTHING if all_events else (IGNORED, IGNORED_CODES)
        super().__init__()

    def clear(self) -> None:
        """Forget everything but the settings and counters."""
        super().clear()
        self.unsettled = False
        self.first_ts = 0
        self._exited: ThreadInfo | None = None
        self._closed: tuple[dict[int, FdInfo], int, FdInfo] | None = None
        self.end_merge()

    def heed(self, codes: frozenset[int], calls: frozenset[int]) -> None:
        """Take events of these codes, and generic ones of these calls, like any, even where 0.15 ignores them."""
        if not self.all_events:
            self._ignored = IGNORED - codes - {code - 1 for code in codes if code & 1}
            self._ignored_calls = IGNORED_CODES - calls
            if self._merge is None:
                self._is_apart = self._apart_now()

    def load(self, snapshot: Snapshot) -> None:
        """Take over a snapshot. Containers stay: their events come ahead of the processes that run in them."""
        opening.load(self, snapshot)
        if snapshot.read_at:
            self.begin_merge(Merge(self.threads, snapshot.read_at))

    def remove_thread_later(self, thread: ThreadInfo) -> None:
        """Remove a thread once the rules have seen its last event."""
        self._exited = thread
        self.unsettled = True

    def remove_fd_later(self, thread: ThreadInfo, number: int, fd: FdInfo) -> None:
        """Remove an fd once the rules have seen its closing, unless the number is given anew by then."""
        self._closed = (thread.main.fds, number, fd)
        self.unsettled = True

    # -- events that waited --------------------------------------------------------------------------------------

    def begin_merge(self, merge: Merge) -> None:
        """Hold the events to come against what was found on the machine, until they are all later than that."""
        if self._merge is not None:
            merge.go_on(self._merge)
        self._merge, self._is_apart = merge, _APART_ALL

    def caught_up(self, ts: int) -> None:
        """All events up to ts are through: what waits for a later one need not wait for it any more."""
        if self._merge is not None and ts > self._merge.until:
            self.end_merge()

    def end_merge(self) -> None:
        """Go on with events as they come."""
        merge, self._merge = self._merge, None
        self._is_apart = self._apart_now()
        if merge is not None:
            merge.finish(self)

    def _apart_now(self) -> tuple[bool, ...]:
        """Code -> whether _apart() has to look at it."""
        if self.all_events:
            return _APART_ALWAYS
        return tuple(apart or code in self._ignored or code <= GENERIC_X for code, apart in enumerate(_APART_ALWAYS))

    # -- per event -----------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Bring the tables to after this event and fill in the event's thread and fd."""
        code = event.code
        event.fd = event.path = None
        event.error = event.latency = 0
        event.fd_num = -1
        event.fd_name_changed = False
        if not self.first_ts and code not in _CONTAINERS:
            self.first_ts = event.ts
        if self._is_apart[code] and self._apart(event, code):
            return
        thread = self.threads.get(event.tid)
        if thread is None and code not in NO_PLACEHOLDER:
            thread = self.thread_or_placeholder(event.tid)
        event.thread = thread
        if thread is not None:
            reset = RESETS[code]
            if reset is not None:
                reset(event, thread)
            if event.nparams > OWN[code]:
                facts.take(self, event, thread)
        handler = HANDLERS[code]
        if handler is not None:
            handler(self, event)
            thread = event.thread
        if thread is not None:
            event.fd_num = thread.last_fd

    def _apart(self, event: Event, code: int) -> bool:
        """Events that 0.15 ignores or hides, and those that are no thread's doing; False if an event is like any."""
        if code in _INTERNAL:
            event.hidden = True
        if code in self._ignored or (
            code <= GENERIC_X and self._ignored_calls and _system_call(event) in self._ignored_calls
        ):
            event.thread = self.threads.get(event.tid)
            event.hidden = True
            return True
        if code not in NO_THREAD:
            return self._merge is not None and self._merge.takes(self, event)
        event.thread = self.threads.get(event.tid) if code in NO_PLACEHOLDER else None
        handler = HANDLERS[code]
        if handler is not None:
            handler(self, event)
        return True

    def settle(self) -> None:
        """Do the removals that the rules had to see first."""
        self.unsettled = False
        if self._closed is not None:
            fds, number, fd = self._closed
            self._closed = None
            if fds.get(number) is fd:
                del fds[number]
        if self._exited is not None:
            thread, self._exited = self._exited, None
            self.remove_thread(thread)
