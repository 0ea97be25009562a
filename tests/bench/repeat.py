"""Make a large capture out of a small one: its events again and again, each round later by the capture's length."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

from falco.capture.scap import blocks

_TS = struct.Struct("<Q")


def repeat(source: Path, target: Path, events: int) -> int:
    """Write at least `events` events of source to target, plain; the number written is returned."""
    raw = source.read_bytes()
    data = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    head, body, stamps = _split(data)
    # Old writers left the time of their first events at zero; that is no time to measure a length from.
    known = {at: ts for at, ts in stamps.items() if ts}
    span = max(known.values()) - min(known.values()) + 1_000_000
    rounds = -(-events // len(stamps))
    with target.open("wb") as out:
        out.write(head)
        for number in range(rounds):
            part = bytearray(body)
            for at, ts in known.items():
                _TS.pack_into(part, at, ts + number * span)
            out.write(part)
    return rounds * len(stamps)


def _split(data: bytes) -> tuple[bytes, bytes, dict[int, int]]:
    """The metadata blocks, the event blocks, and where in the latter each timestamp stands with its value."""
    pos, first, stamps = 0, None, {}
    while pos < len(data):
        kind, size = blocks.BLOCK.unpack_from(data, pos)
        if kind in blocks.EVENT_BLOCKS:
            first = pos if first is None else first
            at = pos + 10 + (4 if kind in blocks.WITH_FLAGS else 0)
            stamps[at - first] = _TS.unpack_from(data, at)[0]
        pos += size
    if first is None:
        raise ValueError("the capture holds no events")
    return data[:first], data[first:], stamps
