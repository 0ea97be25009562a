"""Damaged records in the ring buffer: none stops the source, and what it takes for good a recording takes too."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator

from falco.capture.live.ring import BUSY, DISCARDED, Patience
from falco.capture.live.source import LiveSource
from falco.capture.scap import writer
from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import Stream
from falco.events.decode import EventError
from falco.events.event import LENGTH_SIZES, Event
from falco.events.table import CODES, EVENT_TABLE
from falco.state.snapshot import Snapshot
from falco.state.state import State
from tests.fuzz.inputs import at_least, bounded, inputs
from tests.unit.capture.live.ringbuffer import RingBuffer, block

SMALL = [t.code for t in EVENT_TABLE if LENGTH_SIZES[t.code] == 2]
GOOD = block(CODES["SYSCALL_CLOSE_X"], bytes(8), bytes(8))
BYTES = (0, 1, 4, 8, 0x16, 0x7F, 0x80, 0xFF)


def records(rng: random.Random) -> Iterator[bytes]:
    for _ in range(rng.randrange(1, 12)):
        record = bytearray()
        for _ in range(rng.choice((1, 1, 2))):
            code = rng.choice(SMALL)
            sizes = [rng.choice((0, 1, 4, 8, 8, 30)) for _ in EVENT_TABLE[code].params]
            record += block(code, *map(rng.randbytes, sizes), ts=rng.randrange(1 << 62), tid=rng.randrange(-1, 99))
        for _ in range(rng.choice((0, 0, 1, 2, 5))):
            at = rng.randrange(min(len(record), rng.choice((12, 40, 10_000))))
            record[at] = rng.choice((*BYTES, rng.randrange(256)))
        if not rng.randrange(6):
            del record[rng.randrange(len(record)) :]
        yield bytes(record)


def filled(rng: random.Random) -> RingBuffer:
    buffer = RingBuffer(first=rng.randrange(1 << 40) & ~7)
    for record in records(rng):
        buffer.put(record, rng.choice((0, 0, 0, DISCARDED)))
    buffer.put(GOOD)
    if not rng.randrange(4):
        buffer.put(GOOD, BUSY)
    return buffer


def test_damaged_records():
    spoilt = 0
    for number, rng in inputs("ring record"):
        with bounded("ring record", number):
            ring, state = filled(rng).ring, State()
            more = iter((True, True, False))
            source = LiveSource(ring, Event(state), more.__next__, patience=Patience(lambda _: None))
            blocks: list[bytes] = []
            source.on_event = lambda *_, s=source, b=blocks: b.append(s.block())
            seen = []
            for event in source:
                seen.append((event.ts, event.tid, event.code, event.offset))
                try:
                    state.apply(event)
                except EventError as error:
                    before = source.malformed
                    source.locate(error)
                    assert source.malformed == before + 1
            spoilt += bool(source.malformed)
            assert seen[-1][2] == CODES["SYSCALL_CLOSE_X"]
            assert len(blocks) == len(seen)
            replayed = Reader(recording(blocks), Event(State()), lambda _: None)
            assert [row[:3] for row in seen] == [(event.ts, event.tid, event.code) for event in replayed]
    assert at_least(spoilt, 4, "ring record"), "hardly any record was damaged"


def recording(blocks: list[bytes]) -> Stream:
    return Stream(io.BytesIO(b"".join((*writer.section(Snapshot()), *blocks))), "recording")
