"""What execve and execveat do to the thread table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import signed, text, unsigned
from falco.events.event import ABSENT, Event
from falco.events.integers import Integers
from falco.events.table import CODES, EVENT_TABLE
from falco.state import cgroups
from falco.state.enters import enter_of
from falco.state.paths import base_directory, join
from falco.state.processes import ARGS, EXE, PID, PTID, place, program_name, resources, word_list
from falco.state.threads import (
    CLONE_ACTIVE,
    CLONE_INVERTED,
    CLONE_NAME_CHANGED,
    NO_ID,
    NO_PARENT,
    PIPE_DST,
    PIPE_SRC,
    ThreadInfo,
)

if TYPE_CHECKING:
    from falco.state.state import State

UNREADABLE = "<NA>"
"""What the probe puts for a path that it could not read from the caller's memory."""


class Image:
    """Reads the exit event of an exec of some version. session are tty, process group and login uid."""

    def __init__(self, symbol: str) -> None:
        event_type = EVENT_TABLE[CODES[symbol]]
        self.comm, self.cgroups, self.env = (place(event_type, name) for name in ("comm", "cgroups", "env"))
        self.uid, self.gid = place(event_type, "uid"), place(event_type, "gid")
        self.trusted_exepath = place(event_type, "trusted_exepath")
        self.resources = resources(event_type)
        # 0.15's table calls the process group in the pid namespace "pgid".
        vpgid = "pgid" if event_type.index("vpgid") is None else "vpgid"
        self.session = Integers(event_type, ("tty", "i", None), (vpgid, "q", None), ("loginuid", "I", None))


EXECS = {
    CODES[symbol]: Image(symbol)
    for symbol in (
        *(f"SYSCALL_EXECVE_{version}_X" for version in (8, 13, 14, 15, 16, 17, 18, 19)),
        "SYSCALL_EXECVEAT_X",
    )
}
_EXECVEAT = CODES["SYSCALL_EXECVEAT_X"]


def executed(state: State, event: Event) -> None:
    """A successful execve or execveat: the thread runs another program."""
    thread, result = event.thread, event.first()
    if thread is None or result is None or result < 0:
        return
    image = EXECS[event.code]
    state.lineage.changed(thread)
    thread.placeholder = False
    thread.exe, thread.raw_args = program_name(event.raw(EXE)), word_list(event.raw(ARGS))
    thread.comm = thread.exe if image.comm == ABSENT else program_name(event.raw(image.comm))
    if thread.ptid not in state.threads:
        _find_parent(state, thread, state.lineage.heir_of(signed(event.raw(PTID))))
    pid = event.raw(PID)
    state.set_process(thread, signed(pid) if pid else thread.pid)
    if thread.others:
        state.drop_others(thread)
    numbers = image.resources.of(event)
    thread.fdlimit, thread.pfmajor, thread.pfminor, thread.vmsize, thread.vmrss, thread.vmswap = numbers
    _set_session(thread, event, image)
    _set_exepath(thread, event, image)
    if event.nparams > image.cgroups:
        told = event.raw(image.cgroups)
        # Those that are too long or too deep are not told: then they are what they were.
        thread.cgroups = cgroups.parse(told) if told else thread.cgroups
        state.resolve_container(thread)
    thread.flags = thread.flags & (PIPE_SRC | PIPE_DST | CLONE_INVERTED) | CLONE_ACTIVE | CLONE_NAME_CHANGED


def _find_parent(state: State, thread: ThreadInfo, told: int) -> None:
    """Take the parent that the kernel tells of: the one that is known has ended, or nothing was known.

    Where both are unknown, what is known stays, as in 0.15.
    """
    if thread.ptid == NO_PARENT or told in state.threads:
        state.lineage.adopt(thread, told)


def _set_session(thread: ThreadInfo, event: Event, image: Image) -> None:
    if event.nparams > image.env:
        # What follows the environment in its page reads as empty strings.
        thread.raw_env = word_list(event.raw(image.env).rstrip(b"\0"))
    tty, vpgid, loginuid = image.session.of(event)
    if tty is not None:
        thread.tty = tty
    if vpgid is not None:
        thread.vpgid = vpgid
    if loginuid is not None:
        thread.loginuid = loginuid
    if event.nparams > image.uid and event.raw(image.uid):
        # Writers since 2023 say who runs the new program; without that a setuid program keeps its caller's uid.
        thread.uid, gid = unsigned(event.raw(image.uid)), event.raw(image.gid)
        thread.gid = unsigned(gid) if gid else NO_ID


def _set_exepath(thread: ThreadInfo, event: Event, image: Image) -> None:
    thread.kernel_exepath = event.nparams > image.trusted_exepath and event.raw(image.trusted_exepath) != b""
    if thread.kernel_exepath:
        thread.exepath = program_name(event.raw(image.trusted_exepath))
        return
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
