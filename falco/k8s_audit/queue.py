"""The texts of audit events that wait for their turn: what a web server has accepted, bounded by their size.

They wait as text. Parsed they would take several times the memory, and the interpreter's search for cycles would stop
everything to walk through them again and again.

The web server's thread puts, the thread that holds events against rules takes. Room for a request is claimed before
the request is read on, so whatever was read completely also fits.
"""

from __future__ import annotations

import collections
import sys
import threading
from collections.abc import Sequence


class AuditQueue:
    """First in, first out. limit is in bytes; what was taken no longer counts. While shut, it has room for nothing."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.shut = False
        self._used = 0
        self._texts: collections.deque[str] = collections.deque()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def used(self) -> int:
        """Bytes that are claimed or waiting."""
        return self._used

    def claim(self, size: int) -> bool:
        """Claim so many bytes, at least one; False if there is no room for them."""
        with self._changed:
            if self.shut or self._used + max(size, 1) > self.limit:
                return False
            self._used += size
            return True

    def release(self, size: int) -> None:
        """Give back what was claimed and is not needed."""
        with self._changed:
            self._used -= size

    def put(self, texts: Sequence[str], claimed: int) -> None:
        """Let texts wait in the room that was claimed for them."""
        sizes = sum(map(sys.getsizeof, texts))
        with self._changed:
            self._used += sizes - claimed
            self._texts.extend(texts)
            self._changed.notify()

    def take(self) -> str | None:
        """The text that has waited longest, None if none waits."""
        with self._changed:
            if not self._texts:
                return None
            text = self._texts.popleft()
            self._used -= sys.getsizeof(text)
            return text

    def wait(self, seconds: float) -> bool:
        """Wait until something waits here, so long at most; whether it does."""
        with self._changed:
            return bool(self._texts) or self._changed.wait(seconds)
