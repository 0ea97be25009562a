"""Small captures put together from blocks of every age, and what a reader makes of them."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from falco.capture.scap import blocks
from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import Stream
from falco.events.event import Event
from falco.events.table import CODES
from falco.state.state import State
from tests.events import Built, build

if TYPE_CHECKING:
    from falco.state.snapshot import Snapshot


OPEN, READ = CODES["SYSCALL_OPEN_X"], CODES["SYSCALL_READ_X"]


CONTAINER = build("CONTAINER_JSON_E", tid=-1, ts=1, json='{"container":{"id":"3ad7b26ded6d","type":0}}')


EVENTS = [
    build("SYSCALL_OPEN_E", ts=1_000, tid=7, cpu=1),
    build("SYSCALL_OPEN_X", ts=2_000, tid=7, cpu=1, fd=3, name="/etc/passwd"),
    build("SYSCALL_READ_E", ts=3_000, tid=7, fd=3, size=10),
    build("SYSCALL_READ_X", ts=4_000, tid=7, res=4, data=b"root"),
    build("SYSCALL_OPEN_X", ts=5_000, tid=8, cpu=2, fd=-2, name="/nowhere", state_only=True),
]


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


SECTION = block(blocks.SECTION_HEADER, struct.pack("<IHHQ", 0x1A2B3C4D, 1, 2, (1 << 64) - 1))


def event_v1(built, kind=blocks.EVENT, extra=b""):
    """An event's block as the first writers made it: without the number of parameters."""
    flags = struct.pack("<I", built.state_only) if kind == blocks.EVENT_FLAGS else b""
    payload = built.payload()
    head = struct.pack("<QqIH", built.ts, built.tid, 22 + len(payload), built.type.code)
    return block(kind, struct.pack("<H", built.cpu) + flags + head + payload + extra)


def event_v2(built, kind):
    plain = built.block()
    flags = b"" if kind == blocks.EVENT_V2_LARGE else struct.pack("<I", 1)
    return block(kind, plain[8:10] + flags + plain[10:-4])


def capture(*parts):
    return SECTION + b"".join(part.block() if isinstance(part, Built) else part for part in parts)


def reader(data, wanted=None):
    state = State(all_events=True)
    snapshots: list[Snapshot] = []
    made = Reader(Stream(io.BytesIO(data), "x.scap"), Event(state), snapshots.append, wanted)
    return made, snapshots


def read(data, wanted=None):
    made, _ = reader(data, wanted)
    return [(e.num, e.ts, e.tid, e.cpu, e.type.symbol, e.params(), e.hidden) for e in made]


ROWS = [(i + 1, b.ts, b.tid, b.cpu, b.type.symbol, b.params, b.state_only) for i, b in enumerate(EVENTS)]
