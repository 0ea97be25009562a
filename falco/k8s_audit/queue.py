"""Audit events that wait for their turn: what a web server has accepted, bounded by the memory that it takes.

The web server's thread puts, the thread that holds events against rules takes. Room for a request is claimed before
the request is read on, so whatever was read completely also fits.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.k8s_audit.event import AuditEvent


class AuditQueue:
    """First in, first out. limit is in bytes, as events weigh; taken events no longer count."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._events: collections.deque[AuditEvent] = collections.deque()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._events)

    @property
    def used(self) -> int:
        """Bytes that are claimed or waiting."""
        return self._used

    def claim(self, size: int) -> bool:
        """Claim so many bytes, at least one; False if there is no room for them."""
        with self._changed:
            if self._used + max(size, 1) > self.limit:
                return False
            self._used += size
            return True

    def release(self, size: int) -> None:
        """Give back what was claimed and is not needed."""
        with self._changed:
            self._used -= size

    def put(self, events: Iterable[AuditEvent], claimed: int) -> None:
        """Let events wait in the room that was claimed for them."""
        with self._changed:
            self._used -= claimed
            for event in events:
                self._used += event.weight
                self._events.append(event)
            self._changed.notify()

    def take(self) -> AuditEvent | None:
        """The event that has waited longest, None if none waits."""
        with self._changed:
            if not self._events:
                return None
            event = self._events.popleft()
            self._used -= event.weight
            return event

    def wait(self, seconds: float) -> bool:
        """Wait until an event waits, so long at most; whether one does."""
        with self._changed:
            return bool(self._events) or self._changed.wait(seconds)
