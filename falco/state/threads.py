"""Threads and processes as of the current event (libsinsp threadinfo of 0.15's era)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import strings

if TYPE_CHECKING:
    from falco.state.fds import FdInfo

CLONE_PARENT = 0x100  # PPM_CL_CLONE_PARENT
CLONE_THREAD = 0x2000  # PPM_CL_CLONE_THREAD
CLONE_INVERTED = 0x10000
CLONE_NAME_CHANGED = 0x20000
CLONE_CLOSED = 0x40000
CLONE_ACTIVE = 0x80000
PIPE_SRC, PIPE_DST = 0x200000, 0x400000
NO_ID = 0xFFFFFFFF
"""uid, gid or login uid that is not known."""
NO_PARENT = -1
"""The ptid of a thread whose parent is not known."""


_NOTHING: dict[object, object] = {}


class ThreadInfo:
    """A thread. What a whole process shares (fds, cwd, env, fdlimit) is read through main, the thread with tid == pid.

    args and env are lists of str; raw_args and raw_env are what they come from: an event's bytes until somebody asks,
    then the list. cgroups is a tuple of (subsystem, path). uid/gid are effective ids, loginuid is NO_ID when unset.
    clone_ts is ns since the epoch, 0 for threads older than the capture. container_id is '' on the host.
    others are the other threads of a main thread by tid. last_code, last_fd, enter_ts and enter describe the enter
    event that this thread's next exit belongs to (enter: its parameters' bytes, kept only where state needs them);
    closing is the fd of a close that has begun.
    epoch is the number of the last fork that the process took part in: an fd of another epoch is its relatives' too.
    kernel_exepath says that exepath is what the kernel has, not put together from what the call was given.
    generation is another one after every change of what PROCESS-scope fields read, be it of this thread or of an
    ancestor, and was never any thread's before (lineage.py gives them). kept has what was found out about the thread
    since it has the generation kept_since.
    """

    __slots__ = (
        "cgroups",
        "clone_ts",
        "closing",
        "comm",
        "container_id",
        "cwd",
        "enter",
        "enter_ts",
        "epoch",
        "exe",
        "exepath",
        "fdlimit",
        "fds",
        "flags",
        "generation",
        "gid",
        "healthcheck",
        "kept",
        "kept_since",
        "kernel_exepath",
        "last_code",
        "last_fd",
        "loginuid",
        "main",
        "others",
        "pfmajor",
        "pfminor",
        "pid",
        "placeholder",
        "ptid",
        "raw_args",
        "raw_env",
        "root",
        "sid",
        "tid",
        "tty",
        "uid",
        "vmrss",
        "vmsize",
        "vmswap",
        "vpgid",
        "vpid",
        "vtid",
    )

    def __init__(self, tid: int, pid: int, ptid: int = NO_PARENT) -> None:
        self.tid, self.pid, self.ptid = tid, pid, ptid
        self.sid = self.vpgid = self.vtid = self.vpid = -1
        self.comm = self.exe = self.exepath = self.cwd = self.root = ""
        self.kernel_exepath = False
        self.raw_args: bytes | list[str] = b""
        self.raw_env: bytes | list[str] = b""
        self.cgroups: tuple[tuple[str, str], ...] = ()
        self.fds: dict[int, FdInfo] = {}
        self.fdlimit = -1
        self.flags = 0
        self.uid = self.gid = self.loginuid = NO_ID
        self.vmsize = self.vmrss = self.vmswap = self.pfmajor = self.pfminor = 0
        self.tty = 0
        self.clone_ts = 0
        self.container_id = ""
        self.others: dict[int, ThreadInfo] = {}
        self.main: ThreadInfo = self
        self.placeholder = False
        self.healthcheck = False
        self.last_code = -1
        self.last_fd = 0
        self.enter_ts = 0
        self.enter: tuple[bytes, ...] | None = None
        self.closing: FdInfo | None = None
        self.generation = self.epoch = 0
        self.kept: dict[object, object] = _NOTHING
        self.kept_since = -1

    @property
    def args(self) -> list[str]:
        """The program's arguments, without its name."""
        args = self.raw_args
        if isinstance(args, bytes):
            args = self.raw_args = strings(args)
        return args

    @args.setter
    def args(self, args: list[str]) -> None:
        self.raw_args = args

    @property
    def env(self) -> list[str]:
        """The environment as NAME=value. Only that of a main thread means something."""
        env = self.raw_env
        if isinstance(env, bytes):
            env = self.raw_env = strings(env)
        return env

    @env.setter
    def env(self, env: list[str]) -> None:
        self.raw_env = env

    @property
    def nchilds(self) -> int:
        """How many other threads the process has, 0 unless this is its main one."""
        return len(self.others)

    @property
    def is_main(self) -> bool:
        """Whether this is the process's first thread."""
        return self.tid == self.pid


def placeholder(tid: int) -> ThreadInfo:
    """The entry for a thread that no event has introduced: it has names that say so and no values."""
    thread = ThreadInfo(tid, tid)
    thread.comm = thread.exe = "<NA>"
    thread.placeholder = True
    return thread


GONE = placeholder(-1)
"""The main thread of main threads that have been removed."""
