"""The kernel's side of a ring buffer, in memory of this process."""

from __future__ import annotations

import mmap
import os
import struct
import weakref

from falco.capture.live.ring import PAGE, Ring, map_pages
from falco.capture.scap import writer


class RingBuffer:
    """Takes records as the kernel would, from a first position on, and gives the Ring that reads them."""

    def __init__(self, size: int = 1 << 16, first: int = 0) -> None:
        self.size, self._at = size, first
        fd = os.memfd_create("ring")
        os.ftruncate(fd, 2 * PAGE + 2 * size)
        self._memory = mmap.mmap(fd, 0)
        for page in (0, PAGE):
            struct.pack_into("=Q", self._memory, page, first)
        self.ring = Ring(map_pages(fd), size)
        weakref.finalize(self, os.close, fd)

    def put(self, payload: bytes, flags: int = 0) -> int:
        """Write a record and its flags (BUSY, DISCARDED); its position."""
        at = self._at
        record = struct.pack("=II", len(payload) | flags, 7) + payload
        record += bytes(-len(record) % 8)
        assert at + len(record) - self.ring.position <= self.size, "the ring would be full"
        self.write(at, record)
        self._at = at + len(record)
        struct.pack_into("=Q", self._memory, PAGE, self._at)
        return at

    def commit(self, at: int, length: int) -> None:
        """Take the busy flag off a record."""
        self.write(at, struct.pack("=I", length))

    def write(self, at: int, data: bytes) -> None:
        """Put bytes where they belong, in both images of the data."""
        place = at % self.size
        for start in (place - self.size, place, place + self.size):
            low, high = max(start, 0), min(start + len(data), 2 * self.size)
            if low < high:
                self._memory[2 * PAGE + low : 2 * PAGE + high] = data[low - start : high - start]


def block(code: int, *params: bytes, ts: int = 1, tid: int = 1) -> bytes:
    """An event block as the probe makes it."""
    return writer.event(code, ts, tid, params)
