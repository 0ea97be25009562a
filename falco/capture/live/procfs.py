"""Scan a host's /proc into a Snapshot: what was there before the first event.

The probe is attached first, then /proc is read, then the events that waited are applied; Snapshot.read_at says how far
each thread is known, by which state merges the two. Nothing that a process does meanwhile makes a scan fail: what is
gone is left out, what is refused is counted.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.capture.live import procfs_host, procfs_interfaces
from falco.capture.live.procfs_fds import FdReader
from falco.capture.live.procfs_reading import Unread, directory
from falco.capture.live.procfs_threads import ThreadReader
from falco.state import reconciling
from falco.state.limits import MAX_THREADS
from falco.state.reconciling import Found
from falco.state.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from falco.capture.live.procfs_host import Host
    from falco.state.reconciling import Reconciled
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

_ROUNDS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found; trouble is a sentence about what it could not read, or ''."""

    snapshot: Snapshot
    trouble: str = ""


def scan(host: Host) -> Scan:
    """The whole host. Raises OSError if there is no /proc below its root."""
    snapshot, unread = Snapshot(), Unread()
    snapshot.machine = procfs_host.machine(host)
    procfs_host.accounts(host, snapshot)
    for interface in procfs_interfaces.interfaces(host):
        snapshot.add_interface(interface)
    _processes(host, snapshot, ThreadReader(host, snapshot), unread)
    return Scan(snapshot, unread.message())


def _processes(host: Host, snapshot: Snapshot, threads: ThreadReader, unread: Unread) -> None:
    fds = FdReader(snapshot)
    for pid in _all_pids(host):
        with directory(f"{host.proc}/{pid}", unread) as process:
            thread = None if process is None else threads.process(process)
            if process is not None and thread is not None:
                fds.read(process, thread)
    unread.too_many = fds.namespaces.refused


def look_again(host: Host, known: Mapping[int, ThreadInfo]) -> Found:
    """The threads after a loss of events: what differs from what is known of them is read in full, the fds of new
    processes too. Raises OSError if there is no /proc below the host's root.
    """
    snapshot, unread, began_ts = Snapshot(), Unread(), host.now()
    threads = ThreadReader(host, snapshot, known)
    _processes(host, snapshot, threads, unread)
    return Found(began_ts, host.now(), snapshot, frozenset(threads.unchanged), threads.parents)


def reconcile(state: State, host: Host) -> Reconciled:
    """After a loss of events: bring the thread table back to what /proc says. Raises OSError if there is none."""
    return reconciling.reconcile(state, look_again(host, state.threads))


def _all_pids(host: Host) -> Iterator[int]:
    """The processes that there are, and then those that were born while these were read.

    What a process is born with is its parent's at that moment. Once the parent was read later than that, only the
    child itself can tell.
    """
    seen: set[int] = set()
    for _ in range(_ROUNDS):
        new = [pid for pid in _pids(host) if pid not in seen]
        yield from new
        seen.update(new)


def _pids(host: Host) -> list[int]:
    """The processes that there are now, lowest first."""
    found = sorted(int(p.name) for p in host.proc.iterdir() if p.name.isdecimal() and len(p.name) <= 10)
    return found[:MAX_THREADS]
