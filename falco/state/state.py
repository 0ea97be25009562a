"""Threads, fds, users, interfaces and containers as of the current event.

apply() brings the tables to where they are after an event, before rules look at it; settle() does the removals that
have to wait until they have looked. One writer, no locks. The rules are those of libsinsp in Falco 0.15's days.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.events.decode import unsigned
from falco.events.facts import OWN
from falco.events.syscalls import IGNORED_CODES
from falco.events.table import EVENT_TABLE, GENERIC_X
from falco.events.types import Category
from falco.state import engines, facts, healthcheck, opening
from falco.state.engines import CRI, RKT
from falco.state.handlers import HANDLERS, IGNORED, NO_PLACEHOLDER, NO_THREAD
from falco.state.limits import MAX_ANCESTORS, MAX_CONTAINERS, MAX_FDS, MAX_THREADS
from falco.state.merging import Merge
from falco.state.network import Interfaces, unmapped
from falco.state.resets import RESETS
from falco.state.threads import CLONE_CLOSED, GONE, ThreadInfo, placeholder

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.containers import Container
    from falco.state.fds import FdInfo
    from falco.state.snapshot import Machine, Snapshot
    from falco.state.users import Group, User

_SWEEP_AGAIN = 1024
"""Refused containers between two searches for entries that no thread is in any more."""

_INTERNAL = frozenset(t.code for t in EVENT_TABLE if t.category & Category.INTERNAL)
_APART_ALWAYS = tuple(t.code in NO_THREAD or t.code in _INTERNAL for t in EVENT_TABLE)
_APART = tuple(
    apart or t.code in IGNORED or t.code <= GENERIC_X for t, apart in zip(EVENT_TABLE, _APART_ALWAYS, strict=True)
)
"""Code -> whether State._apart() has to look at it, with and without -A."""
_APART_ALL = (True,) * len(EVENT_TABLE)
"""While a merge lasts."""
_CONTAINERS = frozenset(t.code for t in EVENT_TABLE if t.name == "container")


def _system_call(event: Event) -> int:
    """The PPM_SC code of a generic event. It is read in its place, as nothing else of most of these is looked at."""
    at, buffer = event.offset + 2 * event.nparams, event.buffer
    if event.nparams and at + 2 <= event.end:
        return buffer[at] | buffer[at + 1] << 8
    return unsigned(event.raw(0))


class State:
    """All tables. all_events is -A: without it, events that 0.15 ignores change nothing and stay hidden.

    unsettled says that removals wait for settle(). told_fd is the number of the fd that an event's fact is about, None
    where it has none; it holds for events with facts only. refused counts entries that found a table full, by its name.
    """

    def __init__(self, all_events: bool = False) -> None:
        self.all_events = all_events
        self._merge: Merge | None = None
        self.machine: Machine | None = None
        self.first_ts = 0
        self.told_fd: int | None = None
        self.refused = dict.fromkeys(("threads", "fds", "containers", "accounts", "interfaces"), 0)
        self.clear()

    def clear(self) -> None:
        """Forget everything but the settings and counters."""
        self.threads: dict[int, ThreadInfo] = {}
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.interfaces = Interfaces()
        self.containers: dict[str, Container] = {}
        self._pods: set[str] = set()
        self.unsettled = False
        self.first_ts = 0
        self._exited: ThreadInfo | None = None
        self._closed: tuple[dict[int, FdInfo], int, FdInfo] | None = None
        self.end_merge()

    def load(self, snapshot: Snapshot) -> None:
        """Take over a snapshot. Containers stay: their events come ahead of the processes that run in them."""
        opening.load(self, snapshot)
        if snapshot.read_at:
            self.begin_merge(Merge(self.threads, snapshot.read_at))

    # -- lookups -------------------------------------------------------------------------------------------------

    def parent(self, thread: ThreadInfo) -> ThreadInfo | None:
        """The thread whose tid is this one's ptid, if it is known."""
        return self.threads.get(thread.ptid)

    def parents(self, thread: ThreadInfo) -> Iterator[ThreadInfo]:
        """A thread's parent, that one's parent and so on; ends at an unknown one, at a loop and after MAX_ANCESTORS."""
        seen = {thread.tid}
        found = self.threads.get(thread.ptid)
        while found is not None and found.tid not in seen and len(seen) <= MAX_ANCESTORS:
            seen.add(found.tid)
            yield found
            found = self.threads.get(found.ptid)

    def ancestors(self, thread: ThreadInfo) -> Iterator[ThreadInfo]:
        """The parents of the thread's process. They are threads: two in a row may belong to the same process."""
        return self.parents(thread.main)

    def ancestor(self, thread: ThreadInfo, distance: int) -> ThreadInfo | None:
        """The ancestor at a distance from the thread's process, 1 for its parent."""
        found = thread.main
        seen = {found.tid}
        for _ in range(distance):
            parent = self.threads.get(found.ptid)
            if parent is None or parent.tid in seen or len(seen) > MAX_ANCESTORS:
                return None
            found = parent
            seen.add(found.tid)
        return found

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

    def add_thread(self, thread: ThreadInfo) -> bool:
        """Enter a thread, in the place of what had its tid; refused and counted (False) when the table is full."""
        threads = self.threads
        old = threads.get(thread.tid)
        if old is None and len(threads) >= MAX_THREADS:
            self.refused["threads"] += 1
            return False
        if old is not None:
            self._replace(old, thread)
        threads[thread.tid] = thread
        if thread.pid != thread.tid:
            self._link(thread)
        return True

    def thread_or_placeholder(self, tid: int) -> ThreadInfo:
        """The thread of this tid; a placeholder is made, and entered if there is room, where it is not known."""
        thread = self.threads.get(tid)
        if thread is None:
            thread = placeholder(tid)
            self.add_thread(thread)
        return thread

    def _link(self, thread: ThreadInfo) -> None:
        """Make a thread one of its process's others; the process counts only those that are in the table."""
        thread.main = self.thread_or_placeholder(thread.pid)
        if self.threads.get(thread.tid) is thread:
            thread.main.others[thread.tid] = thread

    def _unlink(self, thread: ThreadInfo) -> None:
        others = thread.main.others
        if others.get(thread.tid) is thread:
            del others[thread.tid]

    def _replace(self, old: ThreadInfo, new: ThreadInfo) -> None:
        """Take away an entry whose tid is another thread's now."""
        if old.main is not old:
            self._unlink(old)
        if old.placeholder and new.tid == new.pid:
            # It only stood for the process that is introduced now, whose threads have come before it.
            new.others, old.others = old.others, {}
            for other in new.others.values():
                other.main = new
        elif old.others:
            self.drop_others(old)
        # What refers to itself would stay until the garbage collector comes by, and keep new threads from its place.
        old.main = new

    def drop_others(self, thread: ThreadInfo) -> None:
        """Remove all other threads of a process: it has begun another program, or its id is another's now."""
        others, thread.others = thread.others, {}
        for tid, other in others.items():
            if self.threads.get(tid) is other:
                del self.threads[tid]

    def set_process(self, thread: ThreadInfo, pid: int) -> None:
        """Make a thread one of another process's, if it is not."""
        if pid != thread.pid:
            self._unlink(thread)
            thread.pid, thread.main = pid, thread
            if pid != thread.tid:
                self._link(thread)

    def add_fd(self, thread: ThreadInfo, number: int, fd: FdInfo) -> bool:
        """Enter an fd into the process's table, replacing what had the number; False if it is refused."""
        fds = thread.main.fds
        if number < 0 or (len(fds) >= MAX_FDS and number not in fds):
            self.refused["fds"] += 1
            return False
        fds[number] = fd
        return True

    def add_container(self, container: Container) -> None:
        """Enter or replace a container. When the table is full, those that no thread is in any more have to go."""
        containers = self.containers
        if container.id not in containers and len(containers) >= MAX_CONTAINERS:
            if self.refused["containers"] % _SWEEP_AGAIN == 0:
                used = {thread.container_id for thread in self.threads.values()}
                self.containers = containers = {id: kept for id, kept in containers.items() if id in used}
                self._pods &= containers.keys()
            if len(containers) >= MAX_CONTAINERS:
                self.refused["containers"] += 1
                return
        containers[container.id] = container
        if container.type == RKT:
            self._pods.add(container.id)

    def resolve_container(self, thread: ThreadInfo) -> None:
        """Set which container a thread runs in, and whether it is that one's health check."""
        found = engines.identify(thread, self.parents, self._pods)
        if found is None:
            thread.container_id = ""
        else:
            thread.container_id = found.id
            # Which of the CRI's runtimes it is, and hence its type, only metadata tells.
            if found.type != CRI and found.id not in self.containers:
                self.add_container(found)
        healthcheck.mark(self, thread)

    def remove_thread_later(self, thread: ThreadInfo) -> None:
        """Remove a thread once the rules have seen its last event."""
        self._exited = thread
        self.unsettled = True

    def remove_fd_later(self, thread: ThreadInfo, number: int, fd: FdInfo) -> None:
        """Remove an fd once the rules have seen its closing, unless the number is given anew by then."""
        self._closed = (thread.main.fds, number, fd)
        self.unsettled = True

    def forget(self, thread: ThreadInfo) -> None:
        """Remove a thread that has gone unseen; a process goes with the last of its threads."""
        thread.flags |= CLONE_CLOSED
        if self.threads.get(thread.tid) is thread:
            self._remove_thread(thread)

    # -- events that waited --------------------------------------------------------------------------------------

    def begin_merge(self, merge: Merge) -> None:
        """Hold the events to come against what was found on the machine, until they are all later than that."""
        if self._merge is not None:
            merge.go_on(self._merge)
        self._merge, self._is_apart = merge, _APART_ALL

    def end_merge(self) -> None:
        """Go on with events as they come."""
        merge, self._merge = self._merge, None
        self._is_apart = _APART_ALWAYS if self.all_events else _APART
        if merge is not None:
            merge.finish(self)

    # -- per event -----------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Bring the tables to after this event and fill in the event's thread and fd."""
        code = event.code
        event.fd = event.path = None
        event.error = event.latency = 0
        event.fd_num = -1
        event.fd_name_changed = False
        if not self.first_ts and code not in _CONTAINERS:
            self.first_ts = event.ts
        if self._is_apart[code] and self._apart(event, code):
            return
        thread = self.threads.get(event.tid)
        if thread is None and code not in NO_PLACEHOLDER:
            thread = self.thread_or_placeholder(event.tid)
        event.thread = thread
        if thread is not None:
            reset = RESETS[code]
            if reset is not None:
                reset(event, thread)
            if event.nparams > OWN[code]:
                facts.take(self, event, thread)
        handler = HANDLERS[code]
        if handler is not None:
            handler(self, event)
            thread = event.thread
        if thread is not None:
            event.fd_num = thread.last_fd

    def _apart(self, event: Event, code: int) -> bool:
        """Events that 0.15 ignores or hides, and those that are no thread's doing; False if an event is like any."""
        if code in _INTERNAL:
            event.hidden = True
        if not self.all_events and (code in IGNORED or (code <= GENERIC_X and _system_call(event) in IGNORED_CODES)):
            event.thread = self.threads.get(event.tid)
            event.hidden = True
            return True
        if code not in NO_THREAD:
            return self._merge is not None and self._merge.takes(self, event)
        event.thread = self.threads.get(event.tid) if code in NO_PLACEHOLDER else None
        handler = HANDLERS[code]
        if handler is not None:
            handler(self, event)
        return True

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
        # A process stays as long as it has other threads, whose last one takes it along; so does that one's, if a
        # capture has such a thing.
        while not thread.others:
            if self.threads.get(thread.tid) is thread:
                del self.threads[thread.tid]
            main = thread.main
            if main is thread:
                thread.main = GONE  # As in _replace().
                return
            self._unlink(thread)
            if not main.flags & CLONE_CLOSED:
                return
            thread = main
