"""What clone, exec and exit do to the thread table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import signed, strings, text, unsigned
from falco.events.table import CODES, EVENT_TABLE
from falco.state import cgroups
from falco.state.fds import inherited
from falco.state.files import ABSENT, enter_of
from falco.state.limits import MAX_TEXT
from falco.state.paths import base_directory, join
from falco.state.threads import (
    CLONE_ACTIVE,
    CLONE_CLOSED,
    CLONE_INVERTED,
    CLONE_NAME_CHANGED,
    CLONE_THREAD,
    NO_ID,
    PIPE_DST,
    PIPE_SRC,
    ThreadInfo,
)

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

STALE_NS = 2_000_000_000
"""An entry older than this under the tid of a new child is a leftover."""
EXE, ARGS, PID, PTID, FDLIMIT = 1, 2, 4, 5, 7
UNREADABLE = "<NA>"
"""What the probe puts for a path that it could not read from the caller's memory."""


class Layout:
    """Where the exit event of a clone or exec of some version has its parameters."""

    def __init__(self, symbol: str) -> None:
        event_type = EVENT_TABLE[CODES[symbol]]

        def index(name: str) -> int:
            found = event_type.index(name)
            return ABSENT if found is None else found

        self.comm, self.cgroups, self.env = index("comm"), index("cgroups"), index("env")
        self.flags, self.uid, self.gid = index("flags"), index("uid"), index("gid")
        self.vtid, self.vpid = index("vtid"), index("vpid")
        self.pgft_maj, self.pgft_min = index("pgft_maj"), index("pgft_min")
        self.vm_size, self.vm_rss, self.vm_swap = index("vm_size"), index("vm_rss"), index("vm_swap")
        self.tty, self.loginuid = index("tty"), index("loginuid")
        # 0.15's table calls the process group in the pid namespace "pgid".
        self.vpgid = index("vpgid") if event_type.index("vpgid") is not None else index("pgid")
        self.trusted_exepath = index("trusted_exepath")


CLONES = {
    CODES[symbol]: Layout(symbol)
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
EXECS = {
    CODES[symbol]: Layout(symbol)
    for symbol in (
        *(f"SYSCALL_EXECVE_{version}_X" for version in (8, 13, 14, 15, 16, 17, 18, 19)),
        "SYSCALL_EXECVEAT_X",
    )
}
COUNTERS = {
    CODES[symbol]: Layout(symbol)
    for symbol in ("SYSCALL_BRK_4_X", "SYSCALL_MMAP_X", "SYSCALL_MMAP2_X", "SYSCALL_MUNMAP_X", "SCHEDSWITCH_6_E")
}
_EXECVEAT = CODES["SYSCALL_EXECVEAT_X"]


def cloned(state: State, event: Event) -> None:
    """clone, fork, vfork, clone3, seen from the parent (result > 0) or from the child (0)."""
    if not event.raw(0) or signed(event.raw(0)) < 0:
        return
    layout = CLONES[event.code]
    vtid = event.raw(layout.vtid)
    namespaced = bool(vtid) and signed(vtid) != event.tid
    child_tid = signed(event.raw(0))
    if child_tid == 0:
        _cloned_child(state, event, layout, namespaced)
    elif not namespaced:
        # Inside a pid namespace the result is not a tid of ours: the child's own event creates it.
        _cloned_parent(state, event, layout, child_tid)
    if event.thread is None:
        event.thread = state.threads.get(event.tid)


def _cloned_parent(state: State, event: Event, layout: Layout, child_tid: int) -> None:
    parent = state.thread_or_placeholder(event.tid)
    existing = state.threads.get(child_tid)
    if existing is not None and existing.flags & CLONE_INVERTED:
        existing.flags &= ~CLONE_INVERTED
        # Later the same tid may be another thread's, whose predecessor's end was not seen.
        if existing.ptid == event.tid or event.ts - existing.clone_ts <= STALE_NS:
            return
    child = _new_thread(event, layout, child_tid, parent)
    _enter_child(state, child, parent)


def _cloned_child(state: State, event: Event, layout: Layout, namespaced: bool) -> None:
    child = event.thread
    if child is None or _is_stale(child, event):
        flags = unsigned(event.raw(layout.flags))
        parent = state.thread_or_placeholder(signed(event.raw(PID if flags & CLONE_THREAD else PTID)))
        event.thread = child = _new_thread(event, layout, event.tid, parent)
        child.flags |= CLONE_INVERTED
        _set_virtual_ids(child, event, layout, namespaced)
        _enter_child(state, child, parent)
    else:
        _set_virtual_ids(child, event, layout, namespaced)


def _is_stale(thread: ThreadInfo, event: Event) -> bool:
    """Whether an entry cannot be of the thread that was just born. One from before the capture may be."""
    return thread.placeholder or (thread.clone_ts > 0 and event.ts - thread.clone_ts > STALE_NS)


def _set_virtual_ids(thread: ThreadInfo, event: Event, layout: Layout, namespaced: bool) -> None:
    if namespaced:
        thread.vtid, thread.vpid = signed(event.raw(layout.vtid)), signed(event.raw(layout.vpid))


def _new_thread(event: Event, layout: Layout, tid: int, parent: ThreadInfo) -> ThreadInfo:
    flags = unsigned(event.raw(layout.flags))
    child = ThreadInfo(tid, signed(event.raw(PID)) if flags & CLONE_THREAD else tid, parent.tid)
    child.vtid, child.vpid = child.tid, child.pid
    child.exe, child.args = _name(event.raw(EXE)), strings(event.raw(ARGS))
    child.comm = _name(event.raw(layout.comm)) if layout.comm != ABSENT else child.exe
    child.clone_ts = event.ts
    child.flags = flags | CLONE_ACTIVE
    child.fdlimit = signed(event.raw(FDLIMIT))
    child.uid, child.gid = _identity(event.raw(layout.uid)), _identity(event.raw(layout.gid))
    _memory(child, event, layout)
    child.cgroups = cgroups.parse(event.raw(layout.cgroups)) or parent.cgroups
    if parent.placeholder:
        _introduce(parent, child)
    else:
        _inherit(child, parent)
    if not flags & CLONE_THREAD:
        child.cwd = parent.main.cwd
        child.fds = inherited(parent.main.fds)
    return child


def _name(raw: bytes) -> str:
    return text(raw[:MAX_TEXT])


def _identity(raw: bytes) -> int:
    return unsigned(raw) if raw else NO_ID


def _introduce(parent: ThreadInfo, child: ThreadInfo) -> None:
    """A parent that nothing has told of looks like its child does at birth; whose it is stays unknown."""
    parent.placeholder = False
    parent.comm, parent.exe, parent.args = child.comm, child.exe, child.args
    parent.generation += 1


def _inherit(child: ThreadInfo, parent: ThreadInfo) -> None:
    child.exepath, child.root = parent.exepath, parent.root
    child.kernel_exepath = parent.kernel_exepath
    child.sid, child.vpgid, child.tty = parent.sid, parent.vpgid, parent.tty
    child.loginuid = parent.loginuid
    if not child.flags & CLONE_THREAD:
        child.env = parent.main.env


def _enter_child(state: State, child: ThreadInfo, parent: ThreadInfo) -> None:
    state.add_thread(child)
    if parent.main.others:
        parent.main.generation += 1  # The number of the process's threads may have changed.
    state.resolve_container(child)


def _memory(thread: ThreadInfo, event: Event, layout: Layout) -> None:
    thread.pfmajor, thread.pfminor = unsigned(event.raw(layout.pgft_maj)), unsigned(event.raw(layout.pgft_min))
    thread.vmsize, thread.vmrss = unsigned(event.raw(layout.vm_size)), unsigned(event.raw(layout.vm_rss))
    thread.vmswap = unsigned(event.raw(layout.vm_swap))


def executed(state: State, event: Event) -> None:
    """A successful execve or execveat: the thread runs another program."""
    thread = event.thread
    if thread is None or not event.raw(0) or signed(event.raw(0)) < 0:
        return
    layout = EXECS[event.code]
    thread.placeholder = False
    thread.exe, thread.args = _name(event.raw(EXE)), strings(event.raw(ARGS))
    thread.comm = _name(event.raw(layout.comm)) if layout.comm != ABSENT else thread.exe
    if thread.ptid == -1:
        thread.ptid = signed(event.raw(PTID))
    state.set_process(thread, signed(event.raw(PID)) if event.raw(PID) else thread.pid)
    state.drop_others(thread)
    thread.fdlimit = signed(event.raw(FDLIMIT))
    _memory(thread, event, layout)
    _exec_details(state, thread, event, layout)
    thread.flags = thread.flags & (PIPE_SRC | PIPE_DST | CLONE_INVERTED) | CLONE_ACTIVE | CLONE_NAME_CHANGED
    thread.generation += 1


def _exec_details(state: State, thread: ThreadInfo, event: Event, layout: Layout) -> None:
    if event.nparams > layout.env:
        # What follows the environment in its page reads as empty strings.
        thread.env = strings(event.raw(layout.env).rstrip(b"\0"))
    if event.raw(layout.tty):
        thread.tty = signed(event.raw(layout.tty))
    if event.raw(layout.vpgid):
        thread.vpgid = signed(event.raw(layout.vpgid))
    if event.raw(layout.loginuid):
        thread.loginuid = unsigned(event.raw(layout.loginuid))
    if event.raw(layout.uid):
        # Writers since 2023 say who runs the new program; without that a setuid program keeps its caller's uid.
        thread.uid, thread.gid = unsigned(event.raw(layout.uid)), _identity(event.raw(layout.gid))
    _set_exepath(thread, event, layout)
    if event.nparams > layout.cgroups:
        thread.cgroups = cgroups.parse(event.raw(layout.cgroups))
        state.resolve_container(thread)


def _set_exepath(thread: ThreadInfo, event: Event, layout: Layout) -> None:
    if event.raw(layout.trusted_exepath):
        thread.exepath, thread.kernel_exepath = _name(event.raw(layout.trusted_exepath)), True
        return
    thread.kernel_exepath = False
    if event.code == _EXECVEAT:
        _set_exepath_at(thread, event)
        return
    enter = enter_of(thread, event, 1)
    if enter is not None:
        name = text(enter[0])
        thread.exepath = UNREADABLE if name.startswith(UNREADABLE) else join(thread.main.cwd, name)


def _set_exepath_at(thread: ThreadInfo, event: Event) -> None:
    """execveat: the file is an fd itself where the path is empty."""
    enter = enter_of(thread, event, 2)
    if enter is None or not enter[0]:
        return
    number, name = signed(enter[0]), text(enter[1])
    fd = thread.main.fds.get(number)
    if not name and fd is not None:
        thread.exepath = fd.name
    elif name.startswith(UNREADABLE):
        thread.exepath = UNREADABLE
    else:
        thread.exepath = join(base_directory(thread, number, name), name)


def exited(state: State, event: Event) -> None:
    """procexit: gone once the rules have seen it."""
    thread = event.thread
    if thread is not None:
        thread.flags |= CLONE_CLOSED
        state.remove_thread_later(thread)


def counters(state: State, event: Event) -> None:
    """Memory calls tell the thread's use of memory, context switches its faults too, and the process's memory."""
    del state
    thread = event.thread
    if thread is None:
        return
    layout = COUNTERS[event.code]
    owner = thread
    if layout.pgft_maj != ABSENT:
        thread.pfmajor, thread.pfminor = unsigned(event.raw(layout.pgft_maj)), unsigned(event.raw(layout.pgft_min))
        owner = thread.main
    owner.vmsize, owner.vmrss = unsigned(event.raw(layout.vm_size)), unsigned(event.raw(layout.vm_rss))
    owner.vmswap = unsigned(event.raw(layout.vm_swap))
