"""What clone, exec, exit and the like do to the thread table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events.decode import signed, strings, text, unsigned
from falco.events.table import CODES, EVENT_TABLE
from falco.state import cgroups
from falco.state.files import call_params, enter_of
from falco.state.paths import directory, join
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
ABSENT = 63
"""An index beyond every event's parameters, which reads as absent."""
EXE, ARGS, PID, PTID, FDLIMIT = 1, 2, 4, 5, 7
RLIMIT_NOFILE = 7
RLIM_INFINITY = -1


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


def cloned(state: State, event: Event) -> None:
    """clone, fork, vfork, clone3, seen from the parent (result > 0) or from the child (0)."""
    result = signed(event.raw(0))
    if not event.raw(0) or result < 0:
        return
    layout = CLONES[event.code]
    if result == 0:
        _cloned_child(state, event, layout)
    else:
        _cloned_parent(state, event, layout, result)


def _cloned_parent(state: State, event: Event, layout: Layout, child_tid: int) -> None:
    vtid = event.raw(layout.vtid)
    if vtid and signed(vtid) != event.tid:
        return  # Inside a pid namespace the result is not a tid of ours: the child's own event creates it.
    existing = state.threads.get(child_tid)
    if existing is not None and existing.flags & CLONE_INVERTED:
        existing.flags &= ~CLONE_INVERTED
        return
    child = _new_thread(state, event, layout, child_tid, event.tid)
    child.vtid, child.vpid = child.tid, child.pid
    state.add_thread(child)
    _inherit_files(state, child)
    state.resolve_container(child)


def _cloned_child(state: State, event: Event, layout: Layout) -> None:
    existing = state.threads.get(event.tid)
    if existing is not None and not _is_stale(existing, event):
        _set_virtual_ids(existing, event, layout)
        event.thread = existing
        return
    flags = unsigned(event.raw(layout.flags))
    parent_tid = signed(event.raw(PID if flags & CLONE_THREAD else PTID))
    child = _new_thread(state, event, layout, event.tid, parent_tid)
    child.vtid, child.vpid = child.tid, child.pid
    _set_virtual_ids(child, event, layout)
    child.flags |= CLONE_INVERTED
    state.add_thread(child)
    _inherit_files(state, child)
    state.resolve_container(child)
    event.thread = child


def _is_stale(thread: ThreadInfo, event: Event) -> bool:
    return thread.placeholder or event.ts - thread.clone_ts > STALE_NS


def _set_virtual_ids(thread: ThreadInfo, event: Event, layout: Layout) -> None:
    raw = event.raw(layout.vtid)
    if raw and signed(raw) != thread.tid:
        thread.vtid = signed(raw)
        thread.vpid = signed(event.raw(layout.vpid))


def _new_thread(state: State, event: Event, layout: Layout, tid: int, parent_tid: int) -> ThreadInfo:
    flags = unsigned(event.raw(layout.flags))
    child = ThreadInfo(tid, signed(event.raw(PID)) if flags & CLONE_THREAD else tid, parent_tid)
    child.exe, child.args = text(event.raw(EXE)), strings(event.raw(ARGS))
    comm = event.raw(layout.comm)
    child.comm = text(comm) if comm else child.exe
    child.clone_ts = event.ts
    child.flags = flags | CLONE_ACTIVE
    child.fdlimit = signed(event.raw(FDLIMIT))
    child.uid, child.gid = _identity(event.raw(layout.uid)), _identity(event.raw(layout.gid))
    parent = state.threads.get(parent_tid)
    if parent is not None:
        if parent.placeholder:
            _introduce(parent, child)
        _inherit(child, parent)
    if event.raw(layout.cgroups):
        child.cgroups = cgroups.parse(event.raw(layout.cgroups))
    _memory(child, event, layout)
    return child


def _identity(raw: bytes) -> int:
    return unsigned(raw) if raw else NO_ID


def _introduce(parent: ThreadInfo, child: ThreadInfo) -> None:
    """A parent that nothing has told of looks like its child does at birth."""
    parent.placeholder = False
    parent.comm, parent.exe, parent.args = child.comm, child.exe, child.args
    parent.uid, parent.gid, parent.fdlimit = child.uid, child.gid, child.fdlimit


def _inherit(child: ThreadInfo, parent: ThreadInfo) -> None:
    child.exepath, child.root = parent.exepath, parent.root
    child.sid, child.vpgid, child.tty = parent.sid, parent.vpgid, parent.tty
    child.loginuid = parent.loginuid
    child.cgroups = parent.cgroups
    if not child.flags & CLONE_THREAD:
        child.env, child.cwd = parent.main.env, parent.main.cwd


def _inherit_files(state: State, child: ThreadInfo) -> None:
    parent = state.threads.get(child.ptid)
    if parent is not None and not child.flags & CLONE_THREAD:
        child.fds = {number: fd.copy() for number, fd in parent.main.fds.items()}


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
    thread.exe, thread.args = text(event.raw(EXE)), strings(event.raw(ARGS))
    thread.comm = text(event.raw(layout.comm)) if event.raw(layout.comm) else thread.exe
    thread.pid = signed(event.raw(PID)) or thread.pid
    if thread.ptid == -1:
        thread.ptid = signed(event.raw(PTID))
    thread.fdlimit = signed(event.raw(FDLIMIT))
    _memory(thread, event, layout)
    _exec_details(state, thread, event, layout)
    thread.flags = thread.flags & (PIPE_SRC | PIPE_DST | CLONE_INVERTED) | CLONE_ACTIVE | CLONE_NAME_CHANGED
    thread.generation += 1


def _exec_details(state: State, thread: ThreadInfo, event: Event, layout: Layout) -> None:
    if event.raw(layout.env):
        thread.env = strings(event.raw(layout.env))
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
    if event.raw(layout.cgroups):
        thread.cgroups = cgroups.parse(event.raw(layout.cgroups))
        state.resolve_container(thread)


def _set_exepath(thread: ThreadInfo, event: Event, layout: Layout) -> None:
    if event.raw(layout.trusted_exepath):
        thread.exepath = text(event.raw(layout.trusted_exepath))
        return
    enter = enter_of(thread, event, 1)
    if enter is not None:
        filename = text(enter[0])
        thread.exepath = filename if filename.startswith("<NA>") else join(thread.main.cwd, filename)


def exited(state: State, event: Event) -> None:
    """procexit: gone once the rules have seen it."""
    thread = event.thread
    if thread is not None:
        thread.flags |= CLONE_CLOSED
        state.remove_thread_later(thread)


def changed_directory(state: State, event: Event) -> None:
    """chdir: relative paths start elsewhere."""
    del state
    thread = event.thread
    if thread is not None and event.raw(0) and signed(event.raw(0)) >= 0:
        main = thread.main
        main.cwd = directory(join(main.cwd, text(event.raw(1))))
        thread.generation += 1


def changed_directory_fd(state: State, event: Event) -> None:
    """fchdir: the same by a directory's fd."""
    del state
    thread, fd = event.thread, event.fd
    if thread is not None and fd is not None and not event.error:
        thread.main.cwd = directory(fd.name)
        thread.generation += 1


def got_directory(state: State, event: Event) -> None:
    """Getcwd tells what the kernel thinks."""
    del state
    thread = event.thread
    if thread is not None and event.raw(0) and signed(event.raw(0)) >= 0:
        thread.main.cwd = directory(text(event.raw(1)))


def changed_root(state: State, event: Event) -> None:
    """chroot: may enter a container."""
    thread = event.thread
    if thread is not None and event.raw(0) and signed(event.raw(0)) == 0:
        thread.root = join(thread.main.cwd, text(event.raw(1)))
        state.resolve_container(thread)
        thread.generation += 1


def _set_id(index: int, group: bool, count: int) -> Callable[[State, Event], None]:
    def changed(state: State, event: Event) -> None:
        del state
        thread = event.thread
        if thread is None or not event.raw(0) or signed(event.raw(0)) < 0:
            return
        params = call_params(thread, event, count, 1)
        if params is None or not params[index] or unsigned(params[index]) == NO_ID:
            return
        value = unsigned(params[index])
        if group:
            thread.gid = value
        else:
            thread.uid = value
        thread.generation += 1

    return changed


set_uid, set_gid = _set_id(0, False, 1), _set_id(0, True, 1)
set_effective_uid, set_effective_gid = _set_id(1, False, 2), _set_id(1, True, 2)


def set_session(state: State, event: Event) -> None:
    """setsid: the result is the new session."""
    del state
    thread = event.thread
    if thread is not None and event.raw(0) and signed(event.raw(0)) >= 0:
        thread.sid = signed(event.raw(0))
        thread.generation += 1


def limited(state: State, event: Event) -> None:
    """setrlimit, getrlimit: how many files a process may open."""
    del state
    thread = event.thread
    if thread is None or not event.raw(0) or signed(event.raw(0)) < 0:
        return
    enter = enter_of(thread, event, 1)
    if enter is not None and _resource(enter[0]):
        thread.main.fdlimit = signed(event.raw(1))


def limited_other(state: State, event: Event) -> None:
    """prlimit: the same, for any process."""
    thread = event.thread
    if thread is None or not event.raw(0) or signed(event.raw(0)) < 0:
        return
    enter = enter_of(thread, event, 2)
    if enter is None or not _resource(enter[1]):
        return
    target = state.threads.get(signed(enter[0])) if signed(enter[0]) else thread
    new = signed(event.raw(1))
    if target is not None and new != RLIM_INFINITY:
        target.main.fdlimit = new


def _resource(raw: bytes) -> bool:
    return unsigned(raw) == RLIMIT_NOFILE


PR_SET_NAME = 15


def renamed(state: State, event: Event) -> None:
    """prctl(PR_SET_NAME): the thread's comm, where the capture has the call typed (0.15's did not)."""
    del state
    thread = event.thread
    if thread is not None and not event.error and unsigned(event.raw(1)) == PR_SET_NAME and event.raw(2):
        thread.comm = text(event.raw(2))
        thread.generation += 1


def counters(state: State, event: Event) -> None:
    """Memory calls and context switches carry the thread's fault and memory counters."""
    del state
    thread = event.thread
    if thread is not None:
        _memory(thread, event, COUNTERS[event.code])


COUNTERS = {
    CODES[symbol]: Layout(symbol)
    for symbol in ("SYSCALL_BRK_4_X", "SYSCALL_MMAP_X", "SYSCALL_MMAP2_X", "SYSCALL_MUNMAP_X", "SCHEDSWITCH_6_E")
}
