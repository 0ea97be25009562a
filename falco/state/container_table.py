"""The table of containers, by id, bounded in number and in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.state.containers import POD_UID
from falco.state.engines import RKT
from falco.state.limits import MAX_CONTAINER_BYTES, MAX_CONTAINERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falco.state.containers import Container
    from falco.state.threads import ThreadInfo

_SWEEP_AGAIN = 1024
"""Refused containers between two searches for entries that no thread is in any more."""


class ContainerTable(dict[str, "Container"]):
    """Containers by id. pods are the ids of the rkt containers among them, which metadata has come for."""

    __slots__ = ("_bytes", "_idle", "_refused", "pods")

    def __init__(self) -> None:
        super().__init__()
        self.pods: set[str] = set()
        self._bytes = self._refused = 0
        self._idle: set[str] = set()

    def enter(self, container: Container, threads: Mapping[int, ThreadInfo]) -> bool:
        """Enter or replace a container; False if there is no room, even without those that no thread is in any more."""
        if not self._has_room(container):
            if self._refused % _SWEEP_AGAIN == 0:
                self._sweep(threads)
            if not self._has_room(container):
                self._refused += 1
                return False
        self._bytes += self._growth(container)
        self[container.id] = container
        if container.type == RKT:
            self.pods.add(container.id)
        return True

    def leave(self, container_id: str) -> None:
        """Forget a container that is in the table."""
        self._bytes -= self.pop(container_id).size
        self.pods.discard(container_id)

    def idle(self, threads: Mapping[int, ThreadInfo]) -> set[str]:
        """Ids of containers that no thread is in, and that none was in when this was called last.

        The sandbox of a pod is not idle as long as another container of the pod is not: some runtimes have no process
        in it.
        """
        used = {thread.container_id for thread in threads.values()}
        pods = {self[each].labels.get(POD_UID) for each in used & self.keys()} - {None}
        now = {
            each
            for each in self.keys() - used
            if not (self[each].is_pod_sandbox and self[each].labels.get(POD_UID) in pods)
        }
        before, self._idle = self._idle, now
        return now & before

    def _has_room(self, container: Container) -> bool:
        if container.id not in self and len(self) >= MAX_CONTAINERS:
            return False
        return self._bytes + self._growth(container) <= MAX_CONTAINER_BYTES

    def _growth(self, container: Container) -> int:
        known = self.get(container.id)
        return container.size - (0 if known is None else known.size)

    def _sweep(self, threads: Mapping[int, ThreadInfo]) -> None:
        used = {thread.container_id for thread in threads.values()}
        for unused in self.keys() - used:
            del self[unused]
        self._bytes = sum(kept.size for kept in self.values())
        self.pods &= self.keys()
