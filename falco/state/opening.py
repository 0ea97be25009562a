"""The start: a snapshot of the machine becomes the tables that events then change (libsinsp import_*)."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING

from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import INET_TYPES, SERVER_TYPES, Interfaces, narrow, plain_endpoint, swap_ends
from falco.state.paths import directory, join
from falco.state.threads import CLONE_ACTIVE, CLONE_NAME_CHANGED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from falco.state.snapshot import Snapshot
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

_KNOWN_TYPES = frozenset(FdType)


def load(state: State, snapshot: Snapshot) -> None:
    """Replace all tables of state but the containers by what a snapshot says."""
    containers = state.containers.values()
    state.clear()
    for container in containers:
        state.add_container(container)
    for name, count in snapshot.refused.items():
        state.refused[name] += count
    state.machine, state.first_ts = snapshot.machine, snapshot.first_ts
    state.interfaces = Interfaces(snapshot.interfaces)
    state.users = {user.uid: user for user in snapshot.users}
    state.groups = {group.gid: group for group in snapshot.groups}
    enter(state, snapshot.threads.values())


def enter(state: State, threads: Iterable[ThreadInfo]) -> None:
    """Enter threads of a snapshot, with their fds."""
    for thread in sorted(threads, key=lambda t: not t.is_main):
        _import_thread(state, thread)
    entered = [thread for thread in threads if state.threads.get(thread.tid) is thread]
    for thread in entered:
        state.resolve_container(thread)
    _import_fds([thread for thread in entered if thread.fds])
    state.fd_room.count(state.threads)


def _import_thread(state: State, thread: ThreadInfo) -> None:
    # Only the first thread's word counts for what the whole process shares.
    if thread.is_main:
        thread.cwd = directory(join("", thread.cwd))
        while thread.env and not thread.env[-1]:
            thread.env.pop()  # What follows the environment in its page reads as empty strings.
    else:
        thread.cwd, thread.env = "", []
    thread.flags |= CLONE_ACTIVE | CLONE_NAME_CHANGED
    state.add_thread(thread)


def _import_fds(owners: Iterable[ThreadInfo]) -> None:
    fds = [fd for thread in owners for fd in thread.fds.values()]
    ports = {fd.destination_port for fd in fds if fd.type in SERVER_TYPES}
    for fd in fds:
        _import_fd(fd, ports)


def _import_fd(fd: FdInfo, server_ports: set[int]) -> None:
    if fd.type == FdType.IPV6_SOCK:
        _narrow(fd)
    if fd.type in INET_TYPES:
        fd.connected = fd.l4proto == L4.TCP
        if fd.type == FdType.IPV4_SOCK:
            _set_direction(fd, server_ports)
        ends = (fd.source, fd.source_port), (fd.destination, fd.destination_port)
        fd.name = "->".join(starmap(plain_endpoint, ends))
    elif fd.type in SERVER_TYPES:
        fd.name = plain_endpoint(fd.destination, fd.destination_port)
    elif fd.type == FdType.UNIX_SOCK:
        fd.role = Role.SERVER if fd.name else Role.CLIENT
    elif fd.type not in _KNOWN_TYPES:
        fd.type = FdType.UNSUPPORTED


def _narrow(fd: FdInfo) -> None:
    """An IPv6 socket between two v4-mapped addresses is an IPv4 one."""
    source, destination = narrow(fd.source), narrow(fd.destination)
    if len(source) == len(destination) == 4:
        fd.type, fd.source, fd.destination = FdType.IPV4_SOCK, source, destination


def _set_direction(fd: FdInfo, server_ports: set[int]) -> None:
    """The end at a port that somebody listens at is the serving one; IPv6 sockets stay without a role.

    A source that can tell a namespace's listeners from another's has said which it is, and turned the ends.
    """
    if fd.role != Role.NONE:
        return
    if fd.source_port in server_ports:
        swap_ends(fd)
        fd.role = Role.SERVER
    else:
        fd.role = Role.CLIENT
