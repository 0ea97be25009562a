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
_BATCH = 256 << 10
"""Bytes after which room is given back to the kernel, whatever is left to read."""


class Pages(NamedTuple):
    """A ring's memory: the consumer's page, and the producer's page followed by the data twice."""

    consumer: mmap.mmap
    producer: mmap.mmap


def map_pages(fd: int, size: int) -> Pages:
    """Map the ring buffer of this fd whose data has so many bytes; OSError."""
    consumer = mmap.mmap(fd, PAGE)
    try:
        return Pages(consumer, mmap.mmap(fd, PAGE + 2 * size, prot=mmap.PROT_READ, offset=PAGE))
    except BaseException:
        consumer.close()
        raise


class Ring:
    """Reads records where they lie. data is what their places index; slices of it are bytes. words are its u32.

    batch() and done() alternate: what batch() told of holds until done().
    """

    def __init__(self, pages: Pages, size: int) -> None:
        self.data, self.words = pages.producer, memoryview(pages.producer).cast("I")
        self.size = size
        self.torn = 0
        """How often the ring made no sense and all that was in it was given up."""
        self._pages = pages
        self._consumer = memoryview(pages.consumer).cast("Q")
        self._producer = memoryview(pages.producer)[:PAGE].cast("Q")
        self._next = self.position

    @property
    def position(self) -> int:
        """Up to where records have been given back to the kernel."""
        return int(self._consumer[0])

    @property
    def produced(self) -> int:
        """Up to where the kernel has reserved records."""
        return int(self._producer[0])

    @property
    def fill(self) -> float:
        """How full the ring is, from 0 to 1."""
        return (self.produced - self.position) / self.size

    def batch(self) -> list[tuple[int, int]]:
        """Where the next records begin and end in data. Empty also while the first is being written."""
        at, until, mask, words = self._next, self._producer[0], self.size - 1, self.words
        limit = min(until, at + _BATCH)
        records: list[tuple[int, int]] = []
        shift = (at & mask) + PAGE - at  # The data is mapped twice, so that a batch goes on behind its end.
        while at < limit:
            place = at + shift
            head = words[place >> 2]
            if head & BUSY:
                break
            start, length = place + HEAD, head & LENGTH
            at += (length + HEAD + 7) & ~7
            if at > until:
                # The kernel never writes this. Whatever follows cannot be found any more.
                self.torn += 1
                at = until
                break
            if not head & DISCARDED:
                records.append((start, start + length))
        self._next = at
        return records

    def done(self) -> None:
        """Give what batch() told of back to the kernel."""
        self._consumer[0] = self._next

    def close(self) -> None:
        """Unmap the memory."""
        for view in (self._consumer, self._producer, self.words):
            view.release()
        for pages in self._pages:
            pages.close()


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
