"""Threads, fds, users, interfaces and containers as of the current event.

apply() brings the tables to where they are after an event, before rules look at it; settle() does the removals that
have to wait until they have looked. One writer, no locks. The rules are those of libsinsp in Falco 0.15's days.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.events.decode import signed
from falco.events.syscalls import IGNORED_CODES
from falco.events.table import EVENT_TABLE, GENERIC_E, GENERIC_X, codes_named
from falco.events.types import Category, EventFlag
from falco.state import cgroups
from falco.state.containers import DOCKER, Container, stub
from falco.state.fds import FdInfo, FdType, Role
from falco.state.handlers import HANDLERS, NO_PLACEHOLDER, NO_THREAD
from falco.state.network import INET_TYPES, Interfaces, swap_ends, tuple_name, unmapped
from falco.state.threads import CLONE_CLOSED, CLONE_THREAD, ThreadInfo, placeholder

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.snapshot import Machine, Snapshot
    from falco.state.users import Group, User

MAX_THREADS = 131072
MAX_FDS = 4096
MAX_CONTAINERS = 16384
"""Entries a table may have; what comes on top is not kept, and counted in State.refused."""

_USES_FD = tuple(bool(t.flags & EventFlag.USES_FD) for t in EVENT_TABLE)
_HAS_RESULT = tuple(bool(t.params) and not t.enter and t.params[0].name in ("res", "fd") for t in EVENT_TABLE)
_IGNORED = tuple(bool(t.flags & EventFlag.DROP_FALCO) for t in EVENT_TABLE)
_SWITCHES = frozenset(codes_named("switch"))
_INTERNAL = tuple(bool(t.category & Category.INTERNAL) for t in EVENT_TABLE)


class State:
    """All tables. all_events is -A: without it, events that 0.15 ignores change nothing and stay hidden.

    unsettled says that removals wait for settle(). refused counts entries that found a table full, by its name.
    """

    def __init__(self, all_events: bool = False) -> None:
        self.all_events = all_events
        self.machine: Machine | None = None
        self.first_ts = 0
        self.refused = {"threads": 0, "fds": 0, "containers": 0}
        self._clear()

    def _clear(self) -> None:
        self.threads: dict[int, ThreadInfo] = {}
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.interfaces = Interfaces()
        self.containers: dict[str, Container] = {}
        self.unsettled = False
        self._exited: ThreadInfo | None = None
        self._closed: tuple[dict[int, FdInfo], int, FdInfo] | None = None

    # -- lookups -------------------------------------------------------------------------------------------------

    def parent(self, thread: ThreadInfo) -> ThreadInfo | None:
        """The thread whose tid is this one's ptid, if it is known."""
        return self.threads.get(thread.ptid)

    def ancestors(self, thread: ThreadInfo) -> Iterator[ThreadInfo]:
        """The parent of the process, its parent and so on; ends at an unknown one and at a loop."""
        current, seen = thread.main, {thread.main.tid}
        while (found := self.threads.get(current.ptid)) is not None and found.tid not in seen:
            seen.add(found.tid)
            yield found
            current = found.main

    def container(self, thread: ThreadInfo) -> Container | None:
        """The metadata of the container that a thread runs in, None on the host and where it is not known."""
        return self.containers.get(thread.container_id) if thread.container_id else None

    def is_local(self, address: bytes, thread: ThreadInfo) -> bool:
        """Whether an address belongs to this host or to the thread's container (sinsp_network_interfaces)."""
        address = unmapped(address)
        container = self.container(thread)
        if len(address) == 4:
            if container is not None and self._is_container_address(address, container):
                return True
        elif thread.container_id:
            return False
        return self.interfaces.has(address)

    def _is_container_address(self, address: bytes, container: Container) -> bool:
        if any(container.ip):
            return container.ip == address
        # A container without an address of its own shares another's network: any container's address will do, and
        # one that has none equals 0.0.0.0 (sinsp_network_interfaces::is_ipv4addr_local, kept as it was).
        return any((other.ip or bytes(4)) == address for other in self.containers.values())

    # -- tables --------------------------------------------------------------------------------------------------

    def add_thread(self, thread: ThreadInfo) -> None:
        """Enter a thread, linked to its main thread; refused and counted when the table is full."""
        threads = self.threads
        if thread.tid not in threads and len(threads) >= MAX_THREADS:
            self.refused["threads"] += 1
            return
        threads[thread.tid] = thread
        if thread.pid != thread.tid:
            main = threads.get(thread.pid)
            if main is None:
                main = threads[thread.pid] = placeholder(thread.pid)
            thread.main = main
            if thread.flags & CLONE_THREAD:
                main.nchilds += 1

    def add_fd(self, thread: ThreadInfo, number: int, fd: FdInfo) -> None:
        """Enter an fd into the process's table, replacing what had the number."""
        fds = thread.main.fds
        if len(fds) >= MAX_FDS and number not in fds:
            self.refused["fds"] += 1
            return
        fds[number] = fd

    def add_container(self, container: Container) -> None:
        """Enter or replace a container."""
        if len(self.containers) >= MAX_CONTAINERS and container.id not in self.containers:
            self.refused["containers"] += 1
            return
        self.containers[container.id] = container

    def resolve_container(self, thread: ThreadInfo) -> None:
        """Set which container a thread runs in, by its cgroups."""
        identity = cgroups.identify(thread.cgroups) if thread.cgroups else None
        thread.container_id = identity.id if identity else ""
        if identity and identity.type == DOCKER and identity.id not in self.containers:
            self.add_container(stub(identity.id))

    def remove_thread_later(self, thread: ThreadInfo) -> None:
        """Remove a thread once the rules have seen its last event."""
        self._exited = thread
        self.unsettled = True

    def remove_fd_later(self, thread: ThreadInfo, number: int, fd: FdInfo) -> None:
        """Remove an fd once the rules have seen its closing, unless the number is given anew by then."""
        self._closed = (thread.main.fds, number, fd)
        self.unsettled = True

    # -- the start -----------------------------------------------------------------------------------------------

    def load(self, snapshot: Snapshot) -> None:
        """Take over a snapshot. Containers stay: their events come ahead of the processes that run in them."""
        containers = self.containers
        self._clear()
        self.containers = containers
        self.machine = snapshot.machine
        self.interfaces = Interfaces(snapshot.interfaces)
        self.users = {user.uid: user for user in snapshot.users}
        self.groups = {group.gid: group for group in snapshot.groups}
        for thread in sorted(snapshot.threads.values(), key=lambda t: not t.is_main):
            self.add_thread(thread)
            self.resolve_container(thread)
        self._import_fds()

    def _import_fds(self) -> None:
        owners = [thread for thread in self.threads.values() if thread.fds]
        ports = {
            fd.destination_port
            for thread in owners
            for fd in thread.fds.values()
            if fd.type in (FdType.IPV4_SERVSOCK, FdType.IPV6_SERVSOCK)
        }
        for thread in owners:
            for fd in thread.fds.values():
                self._import_fd(fd, ports)

    def _import_fd(self, fd: FdInfo, server_ports: set[int]) -> None:
        if fd.type in (FdType.IPV6_SOCK, FdType.IPV6_SERVSOCK) and len(unmapped(fd.destination)) == 4:
            fd.source, fd.destination = unmapped(fd.source), unmapped(fd.destination)
            fd.type = FdType.IPV4_SOCK if fd.type == FdType.IPV6_SOCK else FdType.IPV4_SERVSOCK
        if fd.type in INET_TYPES:
            self.interfaces.complete(fd)
            if fd.source_port in server_ports:
                swap_ends(fd)
                fd.role = Role.SERVER
            else:
                fd.role = Role.CLIENT
            fd.connected = fd.l4proto == 2
            fd.name = tuple_name(fd)
        elif fd.type in (FdType.IPV4_SERVSOCK, FdType.IPV6_SERVSOCK):
            fd.role = Role.SERVER
            fd.name = tuple_name(fd)
        elif fd.type == FdType.UNIX_SOCK:
            fd.role = Role.SERVER if fd.name else Role.CLIENT

    # -- per event -----------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Bring the tables to after this event and fill in the event's thread and fd."""
        code = event.code
        event.fd = event.path = None
        event.error = event.latency = 0
        event.fd_num = -1
        event.fd_name_changed = False
        if not self.first_ts and not event.hidden:
            self.first_ts = event.ts
        handler = HANDLERS[code]
        if code in NO_THREAD:
            event.thread = self.threads.get(event.tid) if code in NO_PLACEHOLDER else None
        else:
            self._reset(event, code)
        if _INTERNAL[code]:
            event.hidden = True
        if not self.all_events and (
            _IGNORED[code] or (code in (GENERIC_E, GENERIC_X) and signed(event.raw(0)) in IGNORED_CODES)
        ):
            event.hidden = True
            return
        if handler is not None:
            handler(self, event)
        thread = event.thread
        if thread is not None:
            event.fd_num = thread.last_fd

    def _reset(self, event: Event, code: int) -> None:
        """Find whose event it is, and what its enter told of it (sinsp_parser::reset)."""
        thread = self.threads.get(event.tid)
        if thread is None:
            event.thread = None
            if code in NO_PLACEHOLDER:
                return
            thread = placeholder(event.tid)
            self.add_thread(thread)
        event.thread = thread
        if not code & 1:
            self._enter(event, thread, code)
            return
        if thread.enter_ts:
            event.latency = event.ts - thread.enter_ts
        if thread.last_code + 1 == code:
            if _HAS_RESULT[code]:
                result = signed(event.raw(0))
                if result < 0:
                    event.error = -result
            if _USES_FD[code]:
                event.fd = thread.main.fds.get(thread.last_fd)

    def _enter(self, event: Event, thread: ThreadInfo, code: int) -> None:
        if code in _SWITCHES:
            return  # The call that the thread is in goes on when it is its turn again.
        thread.last_code = code
        thread.enter_ts = event.ts
        thread.enter = None
        if _USES_FD[code]:
            thread.last_fd = number = signed(event.raw(0))
            event.fd = thread.main.fds.get(number)
        else:
            thread.last_fd = -1

    def settle(self) -> None:
        """Do the removals that the rules had to see first."""
        self.unsettled = False
        if self._closed is not None:
            fds, number, fd = self._closed
            self._closed = None
            if fds.get(number) is fd:
                del fds[number]
        if self._exited is not None:
            thread, self._exited = self._exited, None
            self._remove_thread(thread)

    def _remove_thread(self, thread: ThreadInfo) -> None:
        if thread.nchilds > 0:
            return  # Marked closed: its last thread takes it along.
        if self.threads.get(thread.tid) is thread:
            del self.threads[thread.tid]
        main = thread.main
        if main is not thread and thread.flags & CLONE_THREAD:
            main.nchilds -= 1
            if main.nchilds == 0 and main.flags & CLONE_CLOSED:
                self._remove_thread(main)
