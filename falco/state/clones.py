"""What clone, fork and vfork do to the thread table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import signed
from falco.events.event import ABSENT, Event
from falco.events.integers import Integers
from falco.events.table import CODES, EVENT_TABLE
from falco.state import cgroups
from falco.state.processes import ARGS, EXE, PID, PTID, place, program_name, resources, word_list
from falco.state.threads import CLONE_ACTIVE, CLONE_INVERTED, CLONE_PARENT, CLONE_THREAD, NO_ID, NO_PARENT, ThreadInfo

if TYPE_CHECKING:
    from falco.state.state import State

STALE_NS = 2_000_000_000
"""An entry older than this under the tid of a new child is a leftover."""
_NO_TID = -1


class Birth:
    """Reads the exit event of a clone of some version. traits are flags, uid, gid, and tid and pid in its namespace."""

    def __init__(self, symbol: str) -> None:
        event_type = EVENT_TABLE[CODES[symbol]]
        self.comm, self.cgroups = place(event_type, "comm"), place(event_type, "cgroups")
        self.resources = resources(event_type)
        self.traits = Integers(
            event_type, ("flags", "I", 0), ("uid", "I", NO_ID), ("gid", "I", NO_ID),
            ("vtid", "q", _NO_TID), ("vpid", "q", _NO_TID),
        )  # fmt: skip


CLONES = {
    CODES[symbol]: Birth(symbol)
    for symbol in (
        "SYSCALL_CLONE_11_X",
        "SYSCALL_CLONE_16_X",
        "SYSCALL_CLONE_17_X",
        "SYSCALL_CLONE_20_X",
        "SYSCALL_FORK_X",
        "SYSCALL_FORK_17_X",
        "SYSCALL_FORK_20_X",
        "SYSCALL_VFORK_X",
        "SYSCALL_VFORK_17_X",
        "SYSCALL_VFORK_20_X",
        "SYSCALL_CLONE3_X",
    )
}


def cloned(state: State, event: Event) -> None:
    """clone, fork, vfork, clone3, seen from the parent (result > 0) or from the child (0)."""
    child_tid = event.first()
    if child_tid is None or child_tid < 0:
        return
    birth = CLONES[event.code]
    traits = birth.traits.of(event)
    if child_tid == 0:
        _cloned_child(state, event, birth, traits)
    elif traits[3] in (event.tid, _NO_TID):
        # Inside a pid namespace the result is not a tid of ours: the child's own event creates it.
        _cloned_parent(state, event, birth, traits, child_tid)
    if event.thread is None:
        event.thread = state.threads.get(event.tid)


def _cloned_parent(state: State, event: Event, birth: Birth, traits: tuple[int, ...], child_tid: int) -> None:
    parent = state.thread_or_placeholder(event.tid)
    existing = state.threads.get(child_tid)
    if existing is not None and existing.flags & CLONE_INVERTED:
        existing.flags &= ~CLONE_INVERTED
        # Later the same tid may be another thread's, whose predecessor's end was not seen.
        if existing.ptid == event.tid or event.ts - existing.clone_ts <= STALE_NS:
            return
    if child_tid in state.ended and event.ts - state.ended.pop(child_tid) <= STALE_NS:
        return  # It ended before its parent's call returned, and nothing would ever remove it again.
    child = _new_thread(event, birth, traits, child_tid, parent)
    if traits[0] & (CLONE_PARENT | CLONE_THREAD) == CLONE_PARENT and parent.ptid != NO_PARENT:
        # 0.15 takes the one that called, which here is a sibling. runc starts what it puts into containers this way.
        child.ptid = parent.ptid
    _enter_child(state, child, parent)


def _cloned_child(state: State, event: Event, birth: Birth, traits: tuple[int, ...]) -> None:
    child = event.thread
    namespaced = traits[3] not in (event.tid, _NO_TID)
    if child is None or _is_stale(child, event):
        told = signed(event.raw(PID if traits[0] & CLONE_THREAD else PTID))
        parent = state.thread_or_placeholder(state.lineage.heir_of(told))
        event.thread = child = _new_thread(event, birth, traits, event.tid, parent)
        child.flags |= CLONE_INVERTED
        if namespaced:
            child.vtid, child.vpid = traits[3:]
        _enter_child(state, child, parent)
    elif namespaced:
        child.vtid, child.vpid = traits[3:]
        state.lineage.changed(child)


def _is_stale(thread: ThreadInfo, event: Event) -> bool:
    """Whether an entry cannot be of the thread that was just born. One from before the capture may be."""
    return thread.placeholder or (thread.clone_ts > 0 and event.ts - thread.clone_ts > STALE_NS)


def _new_thread(event: Event, birth: Birth, traits: tuple[int, ...], tid: int, parent: ThreadInfo) -> ThreadInfo:
    flags = traits[0]
    child = ThreadInfo(tid, signed(event.raw(PID)) if flags & CLONE_THREAD else tid, parent.tid)
    child.vtid, child.vpid = tid, child.pid
    child.exe, child.raw_args = program_name(event.raw(EXE)), word_list(event.raw(ARGS))
    child.comm = child.exe if birth.comm == ABSENT else program_name(event.raw(birth.comm))
    child.clone_ts = event.ts
    child.flags = flags | CLONE_ACTIVE
    child.uid, child.gid = traits[1], traits[2]
    child.fdlimit, child.pfmajor, child.pfminor, child.vmsize, child.vmrss, child.vmswap = birth.resources.of(event)
    told = event.raw(birth.cgroups)
    child.cgroups = (told and cgroups.parse(told)) or parent.cgroups
    return child


def _introduce(state: State, parent: ThreadInfo, child: ThreadInfo) -> None:
    """A parent that nothing has told of looks like its child does at birth; whose it is stays unknown."""
    parent.placeholder = False
    parent.comm, parent.exe, parent.raw_args = child.comm, child.exe, child.raw_args
    state.lineage.changed(parent)


def _inherit(child: ThreadInfo, parent: ThreadInfo) -> None:
    child.exepath, child.root = parent.exepath, parent.root
    child.kernel_exepath = parent.kernel_exepath
    child.sid, child.vpgid, child.tty = parent.sid, parent.vpgid, parent.tty
    child.loginuid = parent.loginuid
    if not child.flags & CLONE_THREAD:
        child.raw_env = parent.main.raw_env


def _enter_child(state: State, child: ThreadInfo, parent: ThreadInfo) -> None:
    if parent.placeholder:
        _introduce(state, parent, child)
    else:
        _inherit(child, parent)
    main = parent.main
    if not child.flags & CLONE_THREAD:
        child.cwd = main.cwd
        state.inherit_fds(child, main)
    state.add_thread(child)
    state.resolve_container(child)
