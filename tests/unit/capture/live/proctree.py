"""A made-up host: processes with the files that Linux has of them in /proc, in a directory of the test's."""

from __future__ import annotations

from pathlib import Path

from falco.capture.live.procfs_host import Host

BOOT_NS = 1_700_000_000_000_000_000
NOW_NS = BOOT_NS + 1_000_000_000_000
TICKS = 100


class Tree:
    """A host below a directory; times stand still at NOW_NS unless now is set."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, NOW_NS
        self.host = Host(root, BOOT_NS, TICKS, lambda: self.now)
        (root / "proc").mkdir()

    def write(self, path: str, data: str | bytes) -> Path:
        """A file with its directories."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)
        return file

    def link(self, path: str, target: str) -> Path:
        """A link with its directories."""
        link = self.root / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        return link

    def process(self, pid: int, comm: str = "cat", *, tids: tuple[int, ...] = (), **rest: object) -> str:
        """A process that runs /usr/bin/<comm> with one argument; gives its directory. rest goes to thread()."""
        place = f"proc/{pid}"
        self.thread(place, pid, pid, comm, **rest)  # type: ignore[arg-type]
        for tid in (pid, *tids):
            self.thread(f"{place}/task/{tid}", tid, pid, comm, **rest)  # type: ignore[arg-type]
        self.write(f"{place}/cmdline", f"{comm}\0-x\0")
        self.write(f"{place}/environ", "A=1\0B=2\0")
        self.write(f"{place}/cgroup", "5:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/c\n")
        self.write(f"{place}/loginuid", "1000")
        self.write(f"{place}/limits", LIMITS)
        for name, target in (("exe", f"/usr/bin/{comm}"), ("cwd", "/home/u"), ("root", "/")):
            self.link(f"{place}/{name}", target)
        (self.root / place / "fd").mkdir()
        return place

    def thread(
        self, place: str, tid: int, pid: int, comm: str,
        *, ppid: int = 1, state: str = "S", start: int = 5000, flags: int = 0x400000, uid: int = 7, ns: str = "",
    ) -> None:  # fmt: skip
        """The stat and status of a thread; ns are ids in further pid namespaces."""
        self.write(f"{place}/stat", stat_line(tid, comm, state=state, ppid=ppid, start=start, flags=flags))
        self.write(f"{place}/status", status_text(tid, pid, uid=uid, ns=ns))

    def fd(self, place: str, number: int, target: str, flags: int = 0o100002) -> None:
        """An open file."""
        self.link(f"{place}/fd/{number}", target)
        self.write(f"{place}/fdinfo/{number}", f"pos:\t0\nflags:\t0{flags:o}\nmnt_id:\t29\nino:\t7\n")


def stat_line(tid: int, comm: str, *, state: str = "S", ppid: int = 1, start: int = 5000, flags: int = 0x400000) -> str:
    """The line of stat: group 20, session 30, terminal 34816, 11 minor and 12 major faults."""
    head = f"{tid} ({comm}) {state} {ppid} 20 30 34816 -1 {flags} 11 0 12 0"
    return f"{head} 1 2 0 0 20 0 1 0 {start} 3133440 416 18446744073709551615 1 1 0\n"


def status_text(tid: int, pid: int, *, uid: int = 7, ns: str = "") -> str:
    """The lines of status: effective group 9, process group 20 everywhere, 3000, 1700 and 5 kB of memory."""
    return (
        f"Name:\tx\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t{pid}\nPid:\t{tid}\nPPid:\t1\n"
        f"Uid:\t1\t{uid}\t2\t3\nGid:\t4\t9\t5\t6\nFDSize:\t64\nGroups:\t1 2 \n"
        f"NStgid:\t{pid}{ns}\nNSpid:\t{tid}{ns}\nNSpgid:\t20{ns}\nNSsid:\t30{ns}\n"
        "VmPeak:\t    3060 kB\nVmSize:\t    3000 kB\nVmRSS:\t    1700 kB\nVmSwap:\t       5 kB\nThreads:\t1\n"
    )


LIMITS = (
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max processes             100                  200                  processes \n"
    "Max open files            1024                 4096                 files     \n"
)
