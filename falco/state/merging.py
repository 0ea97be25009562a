"""Events that waited while the machine was looked at: what they may still change of what was found there.

A live source attaches first, then reads /proc, then applies the events that came meanwhile. Nearly all of these bring
the tables to where they were, and then on to where they are found to be. This is about those that would not: they tell
of a process whose tid is another's now, of the birth of a thread that has lived on since, or of a step that was taken
from another place than the one that it has led to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco.events.decode import signed
from falco.events.table import codes_named
from falco.state.clones import CLONES
from falco.state.execs import EXECS, executed
from falco.state.facts import show
from falco.state.resets import RESETS
from falco.state.threads import ThreadInfo, placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falco.events.event import Event
    from falco.state.state import State

_WALKS = frozenset(code for name in ("chdir", "fchdir", "getcwd") for code in codes_named(name))
_COPIES = frozenset(
    code for name in ("chroot", "dup", "dup2", "dup3", "fcntl", "pidfd_getfd") for code in codes_named(name)
)
_STEPS = _WALKS | _COPIES
"""Calls whose outcome depends on the state that they were made in."""
_CLOCKS_NS = 1_000_000
"""By how much an event's time and a start time, which are of different clocks, may be apart."""
_LATE_NS = 1_000_000_000
"""How far behind the newest event of one processor those of another may come."""


class Merge:
    """Holds from a look at the machine until the events that came before its end are through.

    read_at is up to when each thread that was read is known (tid -> ns since the epoch); its clone_ts is its start, to
    the clock tick. vanished are threads that were in the table and not on the machine at end_ts: they stay until then,
    as the last events of theirs may be on their way.
    """

    def __init__(
        self,
        threads: Mapping[int, ThreadInfo],
        read_at: Mapping[int, int],
        vanished: Iterable[ThreadInfo] = (),
        end_ts: int = 0,
    ) -> None:
        self._found = {tid: (threads[tid], ts, threads[tid].main.cwd) for tid, ts in read_at.items() if tid in threads}
        self._vanished = list(vanished)
        self._older: dict[int, ThreadInfo] = {}
        self.until = max(read_at.values(), default=end_ts) + _LATE_NS

    def takes(self, state: State, event: Event) -> bool:
        """Deal with an event that must not be applied in the ordinary way; False for one that may be.

        The event gets its thread and fd as ever. Ends the merge when it is time.
        """
        if event.ts > self.until:
            state.end_merge()
            return False
        thread = state.threads.get(event.tid)
        found = self._found.get(event.tid)
        if found is not None and found[0] is thread and event.ts + _CLOCKS_NS < thread.clone_ts:
            self._apply_to_older(state, event)
            return True
        known = found is not None and found[0] is thread and event.ts <= found[1]
        if not (known and event.code in _STEPS) and not self._is_known_birth(state, event):
            return False
        event.thread = thread
        if thread is not None:
            _reset(event, thread)
            show(event)
        if found is not None and event.code in _WALKS:
            _lead(state, found[0].main, found[2])
        return True

    def _is_known_birth(self, state: State, event: Event) -> bool:
        """Whether it is the parent's side of the birth of a thread that was found."""
        if event.code not in CLONES or not event.raw(0):
            return False
        found = self._found.get(signed(event.raw(0)))
        if found is None:
            return False
        child, read_ts, _ = found
        parent = state.threads.get(event.tid)
        # A vfork returns in the parent when its child has long begun another program, maybe after the look at it.
        parents = (event.tid, parent.pid if parent is not None else event.tid)
        return state.threads.get(child.tid) is child and (event.ts <= read_ts or child.ptid in parents)

    def _apply_to_older(self, state: State, event: Event) -> None:
        """An event of a thread whose tid is another's by now: it is kept apart, and known by what it executes."""
        thread = self._older.get(event.tid)
        if thread is None:
            thread = self._older[event.tid] = placeholder(event.tid)
        state.lineage.changed(thread)  # It is not in the table, so that nothing tells it of its ancestors.
        event.thread = thread
        _reset(event, thread)
        if event.code in EXECS:
            executed(state, event)

    def go_on(self, before: Merge) -> None:
        """Take over what an earlier merge that has not ended knows."""
        self._found = before._found | self._found
        self._older = before._older
        self._vanished += before._vanished
        self.until = max(self.until, before.until)

    def finish(self, state: State) -> None:
        """Remove what has vanished and was not removed by its own exit."""
        for thread in self._vanished:
            state.forget(thread)


def _lead(state: State, main: ThreadInfo, cwd: str) -> None:
    """Set the working directory to what was found: every way that was gone until then has led there.

    Events on the way may have said for certain where the process was at their time.
    """
    if main.cwd != cwd:
        main.cwd = cwd
        state.lineage.changed(main)


def _reset(event: Event, thread: ThreadInfo) -> None:
    reset = RESETS[event.code]
    if reset is not None:
        reset(event, thread)
    event.fd_num = thread.last_fd
