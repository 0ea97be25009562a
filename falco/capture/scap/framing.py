"""Where a block ends, and where in an event's block the parameters lie, which the first writers' blocks do not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.capture.scap import blocks
from falco.events.event import LENGTHS, MAX_PARAMS
from falco.events.table import CODES, EVENT_TABLE

if TYPE_CHECKING:
    from falco.capture.scap.stream import Stream

HEAD = 10
"""Bytes of an event's block before its timestamp, where there are no flags."""
V1_HEAD = 22
"""Bytes of an event's header (from its timestamp on) in blocks without parameter count; V2 has four more."""
BEYOND = MAX_PARAMS + 1
"""More parameters than any event has: none of the counts fits."""
_COUNTS = tuple(len(t.params) for t in EVENT_TABLE)
_TOO_LONG = dict.fromkeys((CODES["NOTIFICATION_E"], CODES["INFRASTRUCTURE_EVENT_E"]), 3)
"""Event types whose length the first writers gave too large, by how many bytes."""


def block_size(stream: Stream, limit: int) -> int:
    """The length of the block at pos, all of which is in the buffer then; CaptureError if it cannot be."""
    if not stream.available(8):
        raise stream.error("truncated inside a block header")
    kind, size = blocks.BLOCK.unpack_from(stream.buffer, stream.pos)
    if size < 12 or size % 4 or size > limit:
        raise stream.error(f"block {kind:#x} has an impossible length {size}")
    if not stream.available(size):
        raise stream.error(f"truncated: block {kind:#x} wants {size} bytes, {len(stream.buffer)} are left")
    return int(size)


def fitting_count(buffer: bytes, code: int, at: int, end: int) -> int:
    """The parameter count of a block that does not tell: the first, downwards, whose lengths add up exactly to end.

    BEYOND if there is none; buffer holds end.
    """
    for count in range(_COUNTS[code], -1, -1):
        first = at + 2 * count
        if first <= end and first + sum(LENGTHS[count].unpack_from(buffer, at)) == end:
            return count
    return BEYOND


def parameters(buffer: bytes, kind: int, code: int, header: int, end: int) -> tuple[int, int, int]:
    """Where the parameter lengths begin, where the parameters stop, and how many there are, BEYOND if that is nowhere.

    header is where the event's header stands, end where its block has to be over.
    """
    length = blocks.HEADER.unpack_from(buffer, header)[2]
    if kind not in blocks.WITHOUT_COUNT:
        (nparams,) = blocks.COUNT.unpack_from(buffer, header + V1_HEAD)
        return header + V1_HEAD + 4, header + length, nparams
    start, last = header + V1_HEAD, header + length - _TOO_LONG.get(code, 0)
    return start, last, fitting_count(buffer, code, start, min(last, end))


def call_of(buffer: bytes, kind: int, at: int) -> int:
    """The system call of the generic event whose block, of an ordinary kind, stands at `at`."""
    header = at + HEAD
    if kind in blocks.WITHOUT_COUNT:
        # All parameters of generic events are two bytes wide, and so are their lengths.
        at = header + V1_HEAD + (blocks.HEADER.unpack_from(buffer, header)[2] - V1_HEAD) // 2
    else:
        at = header + V1_HEAD + 4 + 2 * blocks.COUNT.unpack_from(buffer, header + V1_HEAD)[0]
    return int.from_bytes(buffer[at : at + 2], "little")
