"""A process and its threads out of /proc/<pid>, in the form of a capture's process list (libscap's scap_procs.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.capture.live import procfs_text
from falco.capture.live.procfs_reading import Directory, Unread, directory, undeleted
from falco.capture.live.procfs_text import ProcError, Stat
from falco.events.decode import LONGEST_LIST, strings
from falco.state.limits import MAX_TEXT
from falco.state.reconciling import is_another
from falco.state.threads import CLONE_CLOSED, CLONE_THREAD, NO_ID, ThreadInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falco.capture.live.procfs_host import Host
    from falco.state.snapshot import Snapshot

CLONE_FILES = 0x1  # PPM_CL_CLONE_FILES
_MAX_SMALL = 1 << 16
_DEAD = ("Z", "X", "x")


class ThreadReader:
    """Reads processes into a snapshot, each thread with the time up to which it is known.

    Threads that are as known has them are not read in full and not entered: their tids are in unchanged.
    """

    def __init__(
        self, host: Host, snapshot: Snapshot, unread: Unread, known: Mapping[int, ThreadInfo] | None = None
    ) -> None:
        self._host, self._snapshot, self._unread = host, snapshot, unread
        self._known = known or {}
        self.unchanged: set[int] = set()

    def process(self, process: Directory) -> ThreadInfo | None:
        """A process's main thread, entered. None for one that is known, gone or dead, and for the kernel's own threads.

        0.15 leaves the kernel's threads out too. What else of a process cannot be read keeps its default.
        """
        found = self._thread(process)
        if found is None or found[1].flags & procfs_text.PF_KTHREAD:
            return None
        thread, stat = found
        others = [int(name) for name in process.names("task") if name.isdecimal() and int(name) != thread.tid]
        if stat.state in _DEAD:
            if not others:
                return None  # Its end was told already; nothing would ever remove it.
            thread.flags |= CLONE_CLOSED
        exepath = _exepath(process)
        main = self._as_known(thread)
        if main is not None and main.exepath == exepath:
            self.unchanged.add(thread.tid)
        else:
            main = thread
            thread.exepath = exepath
            self._main(process, thread)
            self._enter(thread)
        for tid in others:
            self._other(process, tid, main)
        return thread if main is thread else None

    def _as_known(self, thread: ThreadInfo) -> ThreadInfo | None:
        """What is known of a thread, if that is still so."""
        known = self._known.get(thread.tid)
        if known is None or known.placeholder or is_another(known, thread.clone_ts):
            return None
        same = (known.pid, known.comm, known.uid, known.gid) == (thread.pid, thread.comm, thread.uid, thread.gid)
        return known if same else None

    def _enter(self, thread: ThreadInfo) -> None:
        self._snapshot.add_thread(thread)
        if thread.tid in self._snapshot.threads:
            self._snapshot.read_at[thread.tid] = self._host.now()

    def _thread(self, place: Directory) -> tuple[ThreadInfo, Stat] | None:
        """What stat and status tell of any thread."""
        try:
            stat = procfs_text.stat(place.read("stat", _MAX_SMALL))
        except ProcError:
            return None
        thread = ThreadInfo(stat.tid, stat.tid, stat.ppid)
        thread.comm, thread.sid, thread.tty = stat.comm[:MAX_TEXT], stat.sid, stat.tty
        thread.pfmajor, thread.pfminor = stat.major_faults, stat.minor_faults
        thread.clone_ts = self._host.start_ns(stat.start_ticks)
        self._status(place, thread, stat)
        return thread, stat

    def _status(self, place: Directory, thread: ThreadInfo, stat: Stat) -> None:
        try:
            status = procfs_text.status(place.read("status", _MAX_SMALL))
        except ProcError:
            status = procfs_text.Status()
        thread.pid = status.tgid if status.tgid >= 0 else stat.tid
        thread.uid, thread.gid = status.uid, status.gid
        thread.vtid = status.vtid if status.vtid >= 0 else thread.tid
        thread.vpid = status.vpid if status.vpid >= 0 else thread.pid
        thread.vpgid = status.vpgid if status.vpgid >= 0 else stat.pgid
        thread.vmsize, thread.vmrss, thread.vmswap = status.vmsize, status.vmrss, status.vmswap

    def _main(self, process: Directory, thread: ThreadInfo) -> None:
        """What a process's threads have in common."""
        exe, _, args = process.read("cmdline", LONGEST_LIST).partition(b"\0")
        thread.exe, thread.args = procfs_text.text(exe[:MAX_TEXT]), strings(args)
        thread.env = strings(process.read("environ", LONGEST_LIST))
        thread.cwd, thread.root = process.link("cwd")[:MAX_TEXT], process.link("root")[:MAX_TEXT]
        thread.cgroups = procfs_text.cgroup(process.read("cgroup", _MAX_SMALL))
        thread.loginuid = _login(process.read("loginuid", _MAX_SMALL))
        thread.fdlimit = _limit(process.read("limits", _MAX_SMALL))

    def _other(self, process: Directory, tid: int, main: ThreadInfo) -> None:
        with directory(f"{process.path}/task/{tid}", self._unread) as place:
            found = None if place is None else self._thread(place)
        if found is None:
            return
        thread, stat = found
        if stat.state in _DEAD or thread.pid != main.tid:
            return
        if self._as_known(thread) is not None:
            self.unchanged.add(tid)
            return
        thread.flags = CLONE_THREAD | CLONE_FILES
        thread.exe, thread.exepath, thread.args = main.exe, main.exepath, main.args
        thread.root, thread.cgroups, thread.loginuid = main.root, main.cgroups, main.loginuid
        thread.fdlimit = main.fdlimit
        self._enter(thread)


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
