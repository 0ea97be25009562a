"""Damaged captures: the whole way from bytes to alerts gives events, or a CaptureError that says where."""

from __future__ import annotations

import gzip
import io
import random
import struct
from pathlib import Path

import pytest

from falco.capture.scap import blocks, path_records
from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import Stream
from falco.capture.scap.wanted import Wanted
from falco.commands import rules
from falco.commands.in_force import InForce
from falco.commands.options import Options
from falco.engine.failure import RuleFailure
from falco.errors import CaptureError
from falco.events.event import Event
from falco.events.table import EVENT_TABLE
from falco.fields.field import Argument, Use
from falco.fields.path_tables import PathTables
from falco.fields.registry import SYSCALL_FIELDS
from falco.fields.template_compiler import compile_template
from falco.monitor import monitor
from falco.state.handlers import needed
from falco.state.state import State
from tests.fuzz.inputs import at_least, bounded, inputs
from tests.unit.capture.scap.recording import raw, split

RULES = Path(__file__).resolve().parents[2] / "rules" / "falco_rules.yaml"
EVENTS = 80
"""Events that an input has at most before it is damaged: most damage ends a capture where it stands."""
NUMBERS = (0, 1, 2, 3, 4, 11, 12, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 1 << 28, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
KINDS = (*blocks.EVENT_BLOCKS, *blocks.PROCESSES, *blocks.ALIASES, blocks.FDS, blocks.FDS_V2, blocks.USERS_V2)
ALL_FIELDS = compile_template(
    " ".join(f"%{field.name}" for field in SYSCALL_FIELDS if field.use is not Use.FILTER_ONLY and field.extract)
    + " %evt.arg.fd %evt.arg[0] %evt.rawarg.res %evt.arg.flags %proc.aname[1] %proc.apid[2] %thread.cgroup.cpu",
    SYSCALL_FIELDS,
)


TABLES = PathTables({"/etc": "/usr/etc", "/dev": "/lib"}, {(1, 2): ("/etc/shadow",), (3, 4): ("/dev/null", "/x")})


class Quiet:
    """Controls that nobody uses."""

    pending = False

    def act(self) -> bool:
        return True


class Rendered:
    """Renders the outputs of matches, and all fields of each match and of every `step`-th event."""

    def __init__(self, ready: rules.Rules, step: int) -> None:
        self._ready, self._step = ready, step
        self.in_force = InForce(ready.ruleset, all_events=False)
        self.texts = 0

    def match(self, event):
        if event.num % self._step == 0:
            self._all_fields(event)
        return self.in_force.match(event)

    def emit(self, rule, event):
        template = self._ready.templates[rule.name]
        assert isinstance(template.text(event), str)
        assert set(template.fields(event))
        self._all_fields(event)

    def _all_fields(self, event):
        assert isinstance(ALL_FIELDS.text(event), str)
        ALL_FIELDS.fields(event)
        for field in SYSCALL_FIELDS:
            if field.extract is not None and field.argument is not Argument.REQUIRED:
                (field.compared or field.extract)(event)
        self.texts += 1


@pytest.fixture(scope="module")
def ready() -> rules.Rules:
    return rules.load(Options(), [str(RULES)])


@pytest.fixture(scope="module")
def sources(captures: Path) -> list[list[bytes]]:
    """Each shipped capture as its blocks."""
    return [split(raw(path)) for path in sorted(captures.glob("*.scap"))]


def kind_of(block: bytes) -> int:
    return int.from_bytes(block[:4], "little")


def window(parts: list[bytes], rng: random.Random) -> list[bytes]:
    """The metadata of a capture and some of its events that follow on each other."""
    first = next(i for i, part in enumerate(parts) if kind_of(part) in blocks.EVENT_BLOCKS)
    start = rng.randrange(first, len(parts))
    events = parts[start : start + rng.randint(1, EVENTS)]
    if rng.random() < 0.3:
        at = rng.randrange(len(events))
        events[at:at] = path_records.encode(TABLES, 1)
    return parts[:first] + events


def sealed(kind: int, body: bytes) -> bytes:
    """A sound block around a body."""
    body += bytes(-len(body) % 4)
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def another_event(rng: random.Random, block: bytes) -> bytes:
    """A sound event block of any type with parameters of any lengths and bytes, by the thread of the block."""
    row = rng.choice(EVENT_TABLE)
    count = rng.choice((len(row.params), rng.randint(0, len(row.params) + 1)))
    params = [any_bytes(rng) for _ in range(count)]
    payload = struct.pack(f"<{count}H", *map(len, params)) + b"".join(params)
    head = block[8:26].ljust(18, b"\0") + struct.pack("<IHI", 26 + len(payload), row.code, count)
    return sealed(blocks.EVENT_V2, head + payload)


def any_bytes(rng: random.Random) -> bytes:
    size = rng.choice((0, 1, 2, 4, 8, 8, 8, rng.randrange(64)))
    return rng.choice(
        (rng.randbytes(size), bytes(size), b"\xff" * size, bytes((rng.randrange(12),)) + rng.randbytes(size))
    )


def with_number(rng: random.Random, block: bytes) -> bytes:
    """A block with an edge of a number somewhere: lengths, counts, fds, ids."""
    layout = rng.choice(("<H", "<I", "<I", "<Q"))
    size = struct.calcsize(layout)
    at = rng.randrange(max(1, min(len(block) - size, rng.choice((16, 48, len(block))))))
    number = rng.choice(NUMBERS) % (1 << 8 * size)
    return block[:at] + struct.pack(layout, number) + block[at + size :]


def flipped(rng: random.Random, block: bytes) -> bytes:
    damaged = bytearray(block)
    for _ in range(rng.randint(1, 6)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def resized(rng: random.Random, block: bytes) -> bytes:
    """A sound block of the same kind whose body was cut, grown or had a piece taken out."""
    body = block[8:-4]
    at = rng.randrange(len(body) + 1)
    return sealed(
        kind_of(block), rng.choice((body[:at], body + any_bytes(rng), body[:at] + body[at + rng.randint(1, 9) :]))
    )


def renamed(rng: random.Random, block: bytes) -> bytes:
    return struct.pack("<I", rng.choice(KINDS)) + block[4:]


def recoded(rng: random.Random, block: bytes) -> bytes:
    """The event under another event type, its parameters as they were."""
    code = rng.choice((rng.randrange(len(EVENT_TABLE)), rng.randrange(1 << 16)))
    return block[:30] + struct.pack("<H", code) + block[32:]


def inner(rng: random.Random, block: bytes) -> bytes:
    """The body's bits flipped, all lengths of the block intact."""
    return block[:32] + flipped(rng, block[32:-4]) + block[-4:] if len(block) > 40 else block


CHANGES = (another_event, another_event, with_number, flipped, resized, renamed, recoded, recoded, inner, inner)


def damaged(parts: list[bytes], rng: random.Random) -> bytes:
    """The blocks put together after some of them were changed, dropped, repeated or moved, or all cut off."""
    parts = list(parts)
    for _ in range(rng.choice((1, 1, 2, 4, 20))):
        # Most of the damage goes to the events, which are the last blocks: damaged metadata ends most captures.
        reach = len(parts) if rng.random() < 0.3 else min(len(parts), EVENTS // 2)
        at = len(parts) - 1 - rng.randrange(reach)
        act = rng.randrange(10)
        if act == 0:
            parts[at : at + rng.randint(1, 5)] = []
            parts = parts or [b"\0"]
        elif act == 1:
            parts[at:at] = parts[at : at + rng.randint(1, 5)]
        elif act == 2:
            parts.insert(rng.randrange(len(parts)), parts[at])
        elif parts[at]:
            parts[at] = rng.choice(CHANGES)(rng, parts[at])
    data = b"".join(parts)
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.1 else data


def stored(data: bytes, rng: random.Random) -> bytes:
    """The capture as a file holds it: plain, or compressed and, now and then, damaged after that."""
    if rng.random() < 0.9:
        return data
    packed = gzip.compress(data, 1)
    return flipped(rng, packed) if rng.random() < 0.5 else packed[: rng.randrange(2, len(packed))]


def replay(data: bytes, ready: rules.Rules, rng: random.Random) -> tuple[int, CaptureError | None]:
    """Hold the events of a capture against the rules; how many there were, and what ended them too early."""
    state = State(rng.random() < 0.5)
    wanted = Wanted(needed(ready.ruleset.codes), ready.ruleset.syscalls) if rng.random() < 0.3 else None
    reader = Reader(Stream(io.BytesIO(data), "fuzz.scap"), Event(state), state.load, wanted)
    seen = Rendered(ready, rng.randint(5, 30))
    reader.on_paths = seen.in_force.know
    try:
        monitor(reader, state, seen, seen, Quiet())
    except CaptureError as error:
        return reader.num, error
    return reader.num, None


def test_damaged_captures(ready, sources):
    whole = broken = 0
    for number, rng in inputs("capture"):
        data = stored(damaged(window(rng.choice(sources), rng), rng), rng)
        with bounded("capture", number):
            events, error = replay(data, ready, rng)
            assert events <= len(data) // 36 or data.startswith(b"\x1f\x8b")
            if error is not None:
                assert error.path == "fuzz.scap"
                assert error.offset >= 0
                assert error.message
        whole += error is None
        broken += error is not None
    # Damage must not be so coarse that nothing gets past it, nor so slight that nothing is refused.
    assert at_least(min(whole, broken), 10, "capture")


def test_a_rule_never_fails_on_a_sound_capture(ready, sources):
    for parts in sources:
        events, error = replay(b"".join(parts), ready, random.Random(1))
        assert events
        assert error is None
    assert not issubclass(RuleFailure, CaptureError)  # replay() lets it through: it is always a defect.
