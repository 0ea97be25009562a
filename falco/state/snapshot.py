"""The machine as a source finds it before the first event: what a capture's first blocks or a walk of /proc tell."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from falco.state import limits
from falco.state.room import weight

if TYPE_CHECKING:
    from collections.abc import Sized

    from falco.state.fds import FdInfo
    from falco.state.state import State
    from falco.state.threads import ThreadInfo
    from falco.state.users import Group, User


@dataclasses.dataclass(frozen=True, slots=True)
class Machine:
    """Static facts of the host; boot_ts is ns since the epoch, 0 where an old capture does not tell."""

    num_cpus: int
    memory_bytes: int
    max_pid: int
    hostname: str
    boot_ts: int


@dataclasses.dataclass(frozen=True, slots=True)
class Interface:
    """A network address of the host; all three are packed bytes of the same length (4 or 16)."""

    name: str
    address: bytes
    netmask: bytes
    broadcast: bytes
    linkspeed: int = 0


@dataclasses.dataclass(slots=True)
class Snapshot:
    """Everything known at the start; threads carry their fds, and are not yet linked to their main threads.

    A source fills it by the add methods, which keep to the limits of the tables; refused counts what they left out.
    first_ts is the time of the first event (ns since the epoch), which may be one that nobody wants; 0 if there is
    none. read_at tells of each thread up to when it is known, where that is not the beginning: tid -> ns since the
    epoch. It is empty for a capture, whose snapshot stands before all events.
    """

    machine: Machine | None = None
    interfaces: list[Interface] = dataclasses.field(default_factory=list)
    users: list[User] = dataclasses.field(default_factory=list)
    groups: list[Group] = dataclasses.field(default_factory=list)
    threads: dict[int, ThreadInfo] = dataclasses.field(default_factory=dict)
    first_ts: int = 0
    read_at: dict[int, int] = dataclasses.field(default_factory=dict)
    refused: Counter[str] = dataclasses.field(default_factory=Counter)
    fd_weight: int = 0

    def add_thread(self, thread: ThreadInfo) -> None:
        """A thread, in the place of one with its tid."""
        if thread.tid in self.threads or self._has_room("threads", self.threads, limits.MAX_THREADS):
            self.threads[thread.tid] = thread

    def add_fd(self, thread: ThreadInfo, number: int, fd: FdInfo) -> None:
        """An fd of a thread of this snapshot."""
        if number in thread.fds or self._has_room("fds", thread.fds, limits.MAX_FDS):
            self.fd_weight += weight(fd)
            if self.fd_weight > limits.MAX_ALL_FDS:
                self.refused["fds"] += 1
                return
            thread.fds[number] = fd

    def add_user(self, user: User) -> None:
        """A user."""
        if self._has_room("accounts", self.users, limits.MAX_ACCOUNTS):
            self.users.append(user)

    def add_group(self, group: Group) -> None:
        """A group."""
        if self._has_room("accounts", self.groups, limits.MAX_ACCOUNTS):
            self.groups.append(group)

    def add_interface(self, interface: Interface) -> None:
        """A network address."""
        if self._has_room("interfaces", self.interfaces, limits.MAX_INTERFACES):
            self.interfaces.append(interface)

    def _has_room(self, name: str, rows: Sized, limit: int) -> bool:
        if len(rows) < limit:
            return True
        self.refused[name] += 1
        return False


def of(state: State) -> Snapshot:
    """What state.load() would need to get here: a view of the tables, good until the next event, containers left out.

    The form of a snapshot has no place for some of what events told: when a thread was cloned, its terminal, the role
    of a socket that no bound port tells, that a socket has no ends yet, and that a directory is not known (it loads as
    the root).
    """
    users, groups = list(state.users.values()), list(state.groups.values())
    return Snapshot(state.machine, state.interfaces.rows, users, groups, state.threads)
