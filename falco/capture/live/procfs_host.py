"""What /proc and /etc tell of the machine itself: processors, memory, name, users and groups."""

from __future__ import annotations

import dataclasses
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from falco.state.snapshot import Machine, Snapshot
from falco.state.users import Group, User

_CPUS = re.compile(r"^cpu\d+ ", re.MULTILINE)
_MEMORY = re.compile(r"^MemTotal: +(\d{1,15}) kB", re.MULTILINE)
_ID = re.compile(r"\d{1,10}")
_MAX_ACCOUNTS_FILE = 16 << 20
_NOBODY = 1 << 32
_PF_KTHREAD, _FLAGS_AT = 0x200000, 6
"""A flag of the kernel's threads, and where flags stand in /proc/PID/stat behind the name (proc(5))."""


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """Where a host's files are and what its clocks say.

    boot_ns is the time of boot in ns since the epoch by the clock of the events, ticks_per_s the unit of start times in
    /proc, now that clock's current time in ns since the epoch: it goes on where the host's own clock is set.
    """

    root: Path
    boot_ns: int
    ticks_per_s: int
    now: Callable[[], int]

    @property
    def proc(self) -> Path:
        """The host's /proc."""
        return self.root / "proc"

    @property
    def tick_ns(self) -> int:
        """How exact start times are."""
        return 1_000_000_000 // self.ticks_per_s

    def start_ns(self, ticks: int) -> int:
        """Clock ticks since boot as ns since the epoch, the beginning of the tick."""
        return self.boot_ns + ticks * 1_000_000_000 // self.ticks_per_s


def this_host(root: Path, boot_ns: int = 0) -> Host:
    """The host that we run on, its files below root; boot_ns is how events count time, by the clocks if it is 0."""
    boot_ns = boot_ns or time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    now = lambda: boot_ns + time.clock_gettime_ns(time.CLOCK_BOOTTIME)  # noqa: E731
    return Host(root, boot_ns, os.sysconf("SC_CLK_TCK"), now)


def own_pid(host_root: str) -> int:
    """This process's number as the kernel counts, 0 if the host's /proc does not tell it.

    In a pid namespace of our own it is another than getpid()'s. Where /proc itself is that of such a namespace, the
    number that it tells is some other process's to the kernel, which must not be taken for us.
    """
    proc = Path(host_root) / "proc"
    if not _is_of_kernel(_read(proc / "2/stat")):
        return 0
    try:
        return int(os.readlink(proc / "self"))  # noqa: PTH115 - a text, and no path
    except (OSError, ValueError):
        return 0


def _is_of_kernel(stat: str) -> bool:
    """Whether a thread's stat says that it is the kernel's: only the first pid namespace has those, one at number 2."""
    fields = stat.rpartition(")")[2].split()
    return len(fields) > _FLAGS_AT and fields[_FLAGS_AT].isdecimal() and bool(int(fields[_FLAGS_AT]) & _PF_KTHREAD)


def machine(host: Host) -> Machine:
    """Static facts; 0 and '' for what cannot be read."""
    memory = _MEMORY.search(_read(host.proc / "meminfo"))
    cpus = len(_CPUS.findall(_read(host.proc / "stat")))
    max_pid = _read(host.proc / "sys/kernel/pid_max").strip()
    kilobytes = int(memory[1]) if memory else 0
    return Machine(cpus, kilobytes << 10, int(max_pid) if _ID.fullmatch(max_pid) else 0, _hostname(host), host.boot_ns)


def _hostname(host: Host) -> str:
    # /proc/sys tells the name in the reader's own namespace, which is the host's only where the root is.
    here, etc = host.proc / "sys/kernel/hostname", host.root / "etc/hostname"
    order = (here, etc) if host.root == Path("/") else (etc, here)
    return next((name for name in (_read(path).strip() for path in order) if name), "")


def accounts(host: Host, snapshot: Snapshot) -> None:
    """Users and groups from /etc; lines that make no sense are passed over."""
    for fields in _lines(host.root / "etc/passwd", 7):
        uid, gid = _id(fields[2]), _id(fields[3])
        if uid is not None and gid is not None:
            snapshot.add_user(User(uid, gid, fields[0], fields[5], fields[6]))
    for fields in _lines(host.root / "etc/group", 3):
        gid = _id(fields[2])
        if gid is not None:
            snapshot.add_group(Group(gid, fields[0]))


def _lines(path: Path, fields: int) -> Iterator[list[str]]:
    for line in _read(path, _MAX_ACCOUNTS_FILE).split("\n"):
        found = line.split(":")
        if len(found) >= fields and found[0] and not line.startswith("#"):
            yield found


def _id(text: str) -> int | None:
    return int(text) if _ID.fullmatch(text) and int(text) < _NOBODY else None


def _read(path: Path, limit: int = 1 << 20) -> str:
    try:
        with path.open("rb") as file:
            return file.read(limit).decode("utf-8", "surrogateescape")
    except OSError:
        return ""
