"""The kernel's ring buffer as this process sees it: two positions and the data, mapped into memory.

Layout (kernel/bpf/ringbuf.c): the consumer's page, which is ours to write; the producer's page; the data, mapped twice
in a row so that no record is broken in two. A record is u32 length with two flags on top, u32 the kernel's own, the
bytes, and padding to eight. Positions only grow; the data's size is a power of two.

The kernel writes a record's length without the busy flag after its bytes, and the producer's position after reserving.
x86-64 keeps loads in order, and Python makes each where it stands: so the producer's position is read first, then a
record's length, then its bytes.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from typing import NamedTuple

BUSY, DISCARDED, LENGTH = 1 << 31, 1 << 30, (1 << 30) - 1
HEAD = 8
"""Bytes of a record before its own."""
PAGE = mmap.PAGESIZE
LONGEST = 64 << 10
"""Bytes that no record of the probe has (RECORD_SIZE in c/runtime.h): one that claims to be longer is none."""
_BATCH = 32 << 10
"""Bytes after which a batch ends, so that the kernel gets room back soon, and what has its turn between batches gets it
in time: so much takes some milliseconds."""
_WINDOW = 1 << 20
"""Bytes of the data that are mapped at a time. All of it, twice, would count as this process's memory."""


class Pages(NamedTuple):
    """A ring's memory: the consumer's page, the producer's, and a way to map part of the data (from, how much)."""

    consumer: mmap.mmap
    producer: mmap.mmap
    window: Callable[[int, int], mmap.mmap]


def map_pages(fd: int) -> Pages:
    """Map the ring buffer of this fd; OSError."""

    def window(start: int, length: int) -> mmap.mmap:
        return mmap.mmap(fd, length, prot=mmap.PROT_READ, offset=2 * PAGE + start)

    consumer = mmap.mmap(fd, PAGE)
    try:
        return Pages(consumer, mmap.mmap(fd, PAGE, prot=mmap.PROT_READ, offset=PAGE), window)
    except BaseException:
        consumer.close()
        raise


class Ring:
    """Takes records out of a ring whose data has size bytes."""

    def __init__(self, pages: Pages, size: int) -> None:
        self.size = size
        self.torn = 0
        """How often the ring made no sense and all that was in it was given up."""
        self._pages = pages
        self._consumer = memoryview(pages.consumer).cast("Q")
        self._producer = memoryview(pages.producer).cast("Q")
        self._slides = 2 * size > _WINDOW
        self._length = _WINDOW if self._slides else 2 * size
        self._window: mmap.mmap
        self._words: memoryview[int]
        self._open_window(self.position & size - 1)

    @property
    def position(self) -> int:
        """Up to where records have been taken."""
        return int(self._consumer[0])

    @property
    def produced(self) -> int:
        """Up to where the kernel has reserved records."""
        return int(self._producer[0])

    @property
    def fill(self) -> float:
        """How full the ring is, from 0 to 1."""
        return (self.produced - self.position) / self.size

    def take(self) -> tuple[bytes, list[tuple[int, int]]]:
        """Bytes, and where in them the next records begin and end. None also while the first is being written.

        They are a copy: the kernel has the room again, and events may be kept, sliced and compared as bytes.
        """
        at, until = self._consumer[0], self._producer[0]
        offset = at & self.size - 1
        if not self._start <= offset <= self._last:
            self._words.release()
            self._window.close()
            self._open_window(offset)
        first = offset - self._start
        shift, words, limit = first - at, self._words, min(until, at + _BATCH)
        records: list[tuple[int, int]] = []
        while at < limit:
            head = words[at + shift >> 2]
            if head & BUSY:
                break
            start, length = at + shift - first + HEAD, head & LENGTH
            after = at + (length + HEAD + 7 & ~7)
            if after > until or length > LONGEST:
                return self._give_up(first, at + shift, until, records)
            if not head & DISCARDED:
                records.append((start, start + length))
            at = after
        data = self._window[first : at + shift]
        self._consumer[0] = at
        return data, records

    def close(self) -> None:
        """Unmap the memory."""
        for view in (self._consumer, self._producer, self._words):
            view.release()
        for mapped in (self._pages.consumer, self._pages.producer, self._window):
            mapped.close()

    def _give_up(
        self, first: int, end: int, until: int, records: list[tuple[int, int]]
    ) -> tuple[bytes, list[tuple[int, int]]]:
        """Take what was good. The kernel never writes what follows, and where a record begins cannot be found again."""
        self.torn += 1
        data = self._window[first:end]
        self._consumer[0] = until
        return data, records

    def _open_window(self, offset: int) -> None:
        """Map the part of the data in which a batch from this offset on lies; OSError."""
        self._start = offset & -PAGE if self._slides else 0
        self._last = self._start + self._length - _BATCH - LONGEST - HEAD if self._slides else self.size
        self._window = self._pages.window(self._start, self._length)
        self._words = memoryview(self._window).cast("I")


class Patience:
    """How long to wait before looking into an empty ring again: longer the longer it has been empty.

    Records are sent without waking anybody, which would cost the traced program more than all the rest.
    """

    FIRST_S, LONGEST_S, STEP_S = 0.01, 0.05, 0.0025

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._next = self.FIRST_S

    def wait(self) -> None:
        """Sleep once more in a row."""
        self._sleep(self._next)
        self._next = min(self._next + self.STEP_S, self.LONGEST_S)

    def reset(self) -> None:
        """There was something to read."""
        self._next = self.FIRST_S
