"""After a loss of events: bring the thread table back to what there is on the machine.

Fds are left as they are: an event that uses one carries what the kernel knows of it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.state import opening
from falco.state.merging import Merge
from falco.state.paths import directory, join

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from falco.state.snapshot import Snapshot
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

_OF_A_PROGRAM = (
    "args", "cgroups", "comm", "env", "exe", "exepath", "fdlimit", "gid", "kernel_exepath", "loginuid", "pfmajor",
    "pfminor", "root", "sid", "tty", "uid", "vmrss", "vmsize", "vmswap", "vpgid", "vpid", "vtid",
)  # fmt: skip
"""What a thread takes over from what was found of it; it keeps its fds, its family and the call that it is in."""


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What a second look at the machine found. Threads that are as the table has them are named only.

    changed has those that are new, or run another program or as another user than the table says, unchanged the tids of
    the others, parents the tid of each process's parent. The look lasted from began_ts to ended_ts, ns since the epoch.
    """

    began_ts: int
    ended_ts: int
    changed: Snapshot
    unchanged: frozenset[int]
    parents: Mapping[int, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Reconciled:
    """How many threads were not in the table, were in it as others, and were in it though they had gone."""

    added: int
    changed: int
    vanished: int


def reconcile(state: State, found: Found) -> Reconciled:
    """Add and mend threads now; remove the others when the events up to now are through, as theirs may be among them.

    What became known of a thread after the look at the machine began counts more than what that found.
    """
    threads = state.threads
    new = []
    changed = 0
    for thread in found.changed.threads.values():
        known = threads.get(thread.tid)
        if known is None or known.placeholder or is_another(known, thread.clone_ts):
            new.append(thread)
        else:
            _mend(state, known, thread)
            changed += 1
    opening.enter(state, new)
    there = found.unchanged | found.changed.threads.keys()
    gone = [t for tid, t in threads.items() if tid not in there and t.clone_ts < found.began_ts and tid > 0]
    _adopt(state, found.parents, {thread.tid for thread in gone})
    state.begin_merge(Merge(threads, found.changed.read_at, gone, found.ended_ts))
    return Reconciled(len(new), changed, len(gone))


def is_another(known: ThreadInfo, start_ts: int, exactness_ns: int = 20_000_000) -> bool:
    """Whether a thread that began at start_ts, as exactly as clock ticks tell, is not the one that is known.

    A known one may have been entered long after its start, but not before it.
    """
    return start_ts > known.clone_ts + exactness_ns if known.clone_ts else False


def _adopt(state: State, parents: Mapping[int, int], gone: Set[int]) -> None:
    """Give processes whose parent has ended unseen the one that they have now."""
    for tid, parent in parents.items():
        thread = state.threads.get(tid)
        if thread is not None and thread.ptid != parent and (thread.ptid in gone or thread.ptid not in state.threads):
            state.lineage.adopt(thread, parent)


def _mend(state: State, known: ThreadInfo, found: ThreadInfo) -> None:
    for name in _OF_A_PROGRAM:
        setattr(known, name, getattr(found, name))
    if known.is_main:
        known.cwd = directory(join("", found.cwd))
    state.set_process(known, found.pid)
    known.clone_ts = min(known.clone_ts, found.clone_ts)
    state.lineage.changed(known)
    state.resolve_container(known)
