"""Containers whose metadata is being fetched, as of the current event.

State knows of a container by its first process, and of its metadata by a container event, which comes later. In between
its metadata is neither there nor missing. How long that lasts counts in the time of events, so that a replay of what
was recorded sees the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.state.limits import MAX_CONTAINERS

if TYPE_CHECKING:
    from falco.state.containers import Container
    from falco.state.threads import ThreadInfo

LONGEST_NS = 10_000_000_000
"""After this long an answer is not expected any more; no lookup takes longer."""
_UNSEEN = 0


class Fetching(dict[str, int]):
    """Ids of such containers -> until when (ns since the epoch) an answer is expected, 0 if no event has said when.

    on_sight is called with a container that was found by a process of its, when nothing is known of it but that; before
    with the time of an event that brings an answer, before the tables change; after with the answer, once they have.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_sight: Callable[[Container, ThreadInfo], None] | None = None
        self.before: Callable[[int], None] | None = None
        self.after: Callable[[Container], None] | None = None

    def sight(self, container: Container, thread: ThreadInfo, *, again: bool) -> None:
        """A process of a container was seen; again: not for the first time, and there was no answer so far."""
        if not again and container.id not in self:
            if len(self) >= MAX_CONTAINERS:
                del self[next(iter(self))]
            self[container.id] = _UNSEEN
        if self.on_sight is not None:
            self.on_sight(container, thread)

    def is_expected(self, container_id: str, ts: int) -> bool:
        """Whether an answer about this container, which is in the table, may still come after ts."""
        until = self[container_id]
        if until == _UNSEEN:
            self[container_id] = ts + LONGEST_NS
            return True
        return ts <= until

    def before_answer(self, ts: int) -> None:
        """An answer comes with an event of ts."""
        if self.before is not None:
            self.before(ts)

    def answered(self, container: Container) -> None:
        """The answer is in the tables."""
        self.pop(container.id, None)
        if self.after is not None:
            self.after(container)
