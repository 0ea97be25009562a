"""The kernel's side of a ring buffer, in memory of this process."""

from __future__ import annotations

import mmap
import struct

from falco.capture.live.ring import PAGE, Pages, Ring
from falco.capture.scap import writer


class RingBuffer:
    """Takes records as the kernel would, from a first position on, and gives the Ring that reads them."""

    def __init__(self, size: int = 1 << 16, first: int = 0) -> None:
        self.size, self._at = size, first
        self._pages = Pages(mmap.mmap(-1, PAGE), mmap.mmap(-1, PAGE + 2 * size))
        struct.pack_into("=Q", self._pages.consumer, 0, first)
        struct.pack_into("=Q", self._pages.producer, 0, first)
        self.ring = Ring(self._pages, size)

    def put(self, payload: bytes, flags: int = 0) -> int:
        """Write a record and its flags (BUSY, DISCARDED); its position."""
        at = self._at
        record = struct.pack("=II", len(payload) | flags, 7) + payload
        record += bytes(-len(record) % 8)
        assert at + len(record) - self.ring.position <= self.size, "the ring would be full"
        self.write(at, record)
        self._at = at + len(record)
        struct.pack_into("=Q", self._pages.producer, 0, self._at)
        return at

    def commit(self, at: int, length: int) -> None:
        """Take the busy flag off a record."""
        self.write(at, struct.pack("=I", length))

    def write(self, at: int, data: bytes) -> None:
        """Put bytes where they belong, in both images of the data."""
        for i, byte in enumerate(data):
            place = (at + i) % self.size
            self._pages.producer[PAGE + place] = self._pages.producer[PAGE + self.size + place] = byte


def block(code: int, *params: bytes, ts: int = 1, tid: int = 1) -> bytes:
    """An event block as the probe makes it."""
    return writer.event(code, ts, tid, params)
