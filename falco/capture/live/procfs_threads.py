"""A process and its threads out of /proc/<pid>, in the form of a capture's process list (libscap's scap_procs.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.capture.live import procfs_text
from falco.capture.live.procfs_reading import Directory, undeleted
from falco.capture.live.procfs_text import ProcError, Stat, Status
from falco.events.decode import LONGEST_LIST, strings
from falco.state.limits import MAX_TEXT
from falco.state.reconciling import is_another
from falco.state.threads import CLONE_CLOSED, CLONE_THREAD, NO_ID, ThreadInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falco.capture.live.procfs_host import Host
    from falco.state.snapshot import Snapshot

CLONE_FILES = 0x1  # PPM_CL_CLONE_FILES
_DEAD = ("Z", "X", "x")


class ThreadReader:
    """Reads processes into a snapshot, each thread with the time up to which it is known.

    Threads that are as known has them are not read in full and not entered: their tids are in unchanged. parents has
    the tid of each process's parent.
    """

    def __init__(self, host: Host, snapshot: Snapshot, known: Mapping[int, ThreadInfo] | None = None) -> None:
        self._host, self._snapshot = host, snapshot
        self._known = known or {}
        self.unchanged: set[int] = set()
        self.parents: dict[int, int] = {}

    def process(self, process: Directory) -> ThreadInfo | None:
        """A process's main thread, entered. None for one that is known, gone or dead, and for the kernel's own threads.

        0.15 leaves the kernel's threads out too. What else of a process cannot be read keeps its default.
        """
        facts = _facts(process)
        if facts is None or facts[0].flags & procfs_text.PF_KTHREAD:
            return None
        stat, status = facts
        others = [int(name) for name in process.names("task") if name.isdecimal() and int(name) != stat.tid]
        dead = stat.state in _DEAD
        if dead and not others:
            return None  # Its end was told already; nothing would ever remove it.
        self.parents[stat.tid] = stat.ppid
        exepath = _exepath(process)
        main = self._as_known(stat, status)
        read = None
        if main is not None and main.exepath == exepath:
            self.unchanged.add(stat.tid)
        else:
            main = read = self._new(stat, status)
            main.flags = CLONE_CLOSED if dead else 0
            main.exepath, main.kernel_exepath = exepath, bool(exepath)
            _read_shared(process, main)
            self._enter(main)
        for tid in others:
            self._other(process, tid, main)
        return read

    def _as_known(self, stat: Stat, status: Status) -> ThreadInfo | None:
        """What is known of a thread, if that is still so."""
        known = self._known.get(stat.tid)
        if known is None or known.placeholder or is_another(known, self._host.start_ns(stat.start_ticks)):
            return None
        same = (known.pid, known.comm, known.uid, known.gid) == (status.tgid, stat.comm, status.uid, status.gid)
        return known if same else None

    def _new(self, stat: Stat, status: Status) -> ThreadInfo:
        thread = ThreadInfo(stat.tid, status.tgid, stat.ppid)
        thread.comm, thread.sid, thread.tty = stat.comm, stat.sid, stat.tty
        thread.pfmajor, thread.pfminor = stat.major_faults, stat.minor_faults
        thread.clone_ts = self._host.start_ns(stat.start_ticks)
        thread.uid, thread.gid = status.uid, status.gid
        thread.vtid, thread.vpid, thread.vpgid = status.vtid, status.vpid, status.vpgid
        thread.vmsize, thread.vmrss, thread.vmswap = status.vmsize, status.vmrss, status.vmswap
        return thread

    def _enter(self, thread: ThreadInfo) -> None:
        self._snapshot.add_thread(thread)
        if thread.tid in self._snapshot.threads:
            self._snapshot.read_at[thread.tid] = self._host.now()

    def _other(self, process: Directory, tid: int, main: ThreadInfo) -> None:
        facts = _facts(process, f"task/{tid}/")
        if facts is None or facts[0].state in _DEAD or facts[1].tgid != main.tid:
            return
        if self._as_known(*facts) is not None:
            self.unchanged.add(tid)
            return
        thread = self._new(*facts)
        thread.flags = CLONE_THREAD | CLONE_FILES
        thread.exe, thread.exepath, thread.args = main.exe, main.exepath, main.args
        thread.kernel_exepath = main.kernel_exepath
        thread.root, thread.cgroups, thread.loginuid = main.root, main.cgroups, main.loginuid
        thread.fdlimit = main.fdlimit
        self._enter(thread)


def _facts(process: Directory, place: str = "") -> tuple[Stat, Status] | None:
    """What tells of any thread; what status does not say is as it is outside of all namespaces. None if it is gone."""
    try:
        stat = procfs_text.stat(process.read_small(f"{place}stat"))
    except ProcError:
        return None
    try:
        status = procfs_text.status(process.read_small(f"{place}status"))
    except ProcError:
        status = procfs_text.Status()
    tgid = status.tgid if status.tgid >= 0 else stat.tid
    return stat, status._replace(
        tgid=tgid,
        vpid=status.vpid if status.vpid >= 0 else tgid,
        vtid=status.vtid if status.vtid >= 0 else stat.tid,
        vpgid=status.vpgid if status.vpgid >= 0 else stat.pgid,
    )


def _read_shared(process: Directory, thread: ThreadInfo) -> None:
    """What a process's threads have in common."""
    exe, _, args = process.start("cmdline")[:LONGEST_LIST].partition(b"\0")
    thread.exe, thread.args = procfs_text.text(exe[:MAX_TEXT]), strings(args)
    thread.env = strings(process.start("environ"))
    thread.cwd, thread.root = process.link("cwd")[:MAX_TEXT], process.link("root")[:MAX_TEXT]
    thread.cgroups = procfs_text.cgroup(process.read_small("cgroup"))
    thread.loginuid = _login(process.read_small("loginuid"))
    thread.fdlimit = _limit(process.read_small("limits"))


def _exepath(process: Directory) -> str:
    exepath = process.link("exe")
    if exepath.endswith(" (deleted)"):
        exepath = undeleted(exepath, process.target("exe"))
    return exepath[:MAX_TEXT]


def _login(raw: bytes) -> int:
    digits = raw.strip()
    return int(digits) & 0xFFFFFFFF if digits.isdigit() and len(digits) <= 10 else NO_ID


def _limit(raw: bytes) -> int:
    try:
        return procfs_text.open_files(raw)
    except ProcError:
        return -1
