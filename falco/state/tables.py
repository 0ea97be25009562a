"""The tables: threads, fds, users, interfaces and containers, what is looked up in them, enters them and leaves them.

They are bounded; what finds them full is refused and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.state import engines, healthcheck
from falco.state.container_table import ContainerTable
from falco.state.engines import CRI, FETCHED
from falco.state.fetching import Fetching
from falco.state.limits import MAX_ANCESTORS, MAX_FDS, MAX_THREADS
from falco.state.lineage import Lineage
from falco.state.network import Interfaces, unmapped
from falco.state.room import FdRoom, weight
from falco.state.threads import CLONE_CLOSED, CLONE_INVERTED, GONE, ThreadInfo, placeholder

if TYPE_CHECKING:
    from falco.state.containers import Container
    from falco.state.fds import FdInfo
    from falco.state.users import Group, User

_MAX_ENDED = 1024


class Tables:
    """All tables. refused counts entries that found a table full, by its name.

    ended are the latest threads (tid -> when they began) that ended before the call which made them returned.
    """

    def __init__(self) -> None:
        self._forks = 0
        self.lineage = Lineage({})
        self.refused = dict.fromkeys(("threads", "fds", "containers", "accounts", "interfaces"), 0)
        self.fetching = Fetching()
        self.clear()

    def clear(self) -> None:
        """Forget everything but the counters."""
        self.threads: dict[int, ThreadInfo] = {}
        self.lineage = Lineage(self.threads, self.lineage.last)
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.interfaces = Interfaces()
        self.containers = ContainerTable()
        self.fd_room = FdRoom()
        self.ended: dict[int, int] = {}

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

    # -- entries -------------------------------------------------------------------------------------------------

    def add_thread(self, thread: ThreadInfo) -> bool:
        """Enter a thread, in the place of what had its tid; refused and counted (False) when the table is full."""
        threads = self.threads
        old = threads.get(thread.tid)
        if old is None and len(threads) >= MAX_THREADS:
            self.refused["threads"] += 1
            return False
        if old is not None:
            self.lineage.left(old)
            self._replace(old, thread)
        threads[thread.tid] = thread
        if thread.pid != thread.tid:
            self._link(thread)
        self.lineage.entered(thread)
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
                self.lineage.left(other)

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
        if not self.fd_room.take(weight(fd), self.threads):
            self.refused["fds"] += 1
            return False
        fds[number] = fd
        fd.epoch = thread.main.epoch
        return True

    def inherit_fds(self, child: ThreadInfo, parent: ThreadInfo) -> None:
        """Give a new process its parent's fds. They share the entries until one of them changes a socket."""
        if not self.fd_room.take(len(parent.fds), self.threads):
            self.refused["fds"] += len(parent.fds)
            return
        self._forks += 1
        child.fds = parent.fds.copy()
        child.epoch = parent.epoch = self._forks

    def add_container(self, container: Container) -> None:
        """Enter or replace a container. When the table is full, those that no thread is in any more have to go."""
        if self.containers.enter(container, self.threads):
            self._container_changed(container.id)
        else:
            self.refused["containers"] += 1

    def learn_container(self, container: Container, ts: int) -> None:
        """Enter what an event of ts (ns) tells of a container, and let know those who wait for it."""
        self.fetching.before_answer(ts)
        self.add_container(container)
        self.fetching.answered(container)

    def forget_container(self, container_id: str) -> None:
        """A container is no more. It stays known while threads are in it: their last events may be on their way."""
        if container_id in self.containers and not any(self._inside(container_id)):
            self.containers.leave(container_id)
            self.fetching.pop(container_id, None)

    def forget_idle_containers(self) -> None:
        """Forget containers that no thread is in, now and when this was called last; whoever comes back is new."""
        for container_id in self.containers.idle(self.threads):
            self.containers.leave(container_id)
            self.fetching.pop(container_id, None)

    def _inside(self, container_id: str) -> Iterator[ThreadInfo]:
        return (thread for thread in self.threads.values() if thread.container_id == container_id)

    def _container_changed(self, container_id: str) -> None:
        self.lineage.changed_each(self._inside(container_id))

    def resolve_container(self, thread: ThreadInfo) -> None:
        """Set which container a thread runs in, and whether it is that one's health check."""
        found = engines.identify(thread, self.parents, self.containers.pods)
        if found is None:
            thread.container_id = ""
        else:
            thread.container_id = found.id
            known = self.containers.get(found.id)
            # Which of the CRI's runtimes it is, and hence its type, only metadata tells.
            if known is None and found.type != CRI:
                self.add_container(found)
            if found.type in FETCHED and (known is None or known.is_stub):
                self.fetching.sight(found, thread, again=known is not None)
        healthcheck.mark(self, thread)

    def remove_thread(self, thread: ThreadInfo) -> None:
        """Remove a thread whose last event has come."""
        # A process stays as long as it has other threads, whose last one takes it along; so does that one's, if a
        # capture has such a thing.
        while not thread.others:
            if self.threads.get(thread.tid) is thread:
                del self.threads[thread.tid]
                self.lineage.left(thread)
                if thread.flags & CLONE_INVERTED:
                    self._remember_end(thread)
            main = thread.main
            if main is thread:
                thread.main = GONE  # As in _replace().
                return
            self._unlink(thread)
            if not main.flags & CLONE_CLOSED:
                return
            thread = main

    def _remember_end(self, thread: ThreadInfo) -> None:
        # Its parent's call may be about to return, which must not bring it back.
        self.ended[thread.tid] = thread.clone_ts
        if len(self.ended) > _MAX_ENDED:
            del self.ended[next(iter(self.ended))]

    def forget(self, thread: ThreadInfo) -> None:
        """Remove a thread that has gone unseen; a process goes with the last of its threads."""
        thread.flags |= CLONE_CLOSED
        if self.threads.get(thread.tid) is thread:
            self.remove_thread(thread)
