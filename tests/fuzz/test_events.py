"""Events of any bytes: state, and every field, give a value or an EventError."""

from __future__ import annotations

import contextlib
import random
import struct

from falco.events.decode import DECODERS, Dyn, EventError, SockAddr, SockTuple
from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE
from falco.events.types import EventFlag
from falco.fields.registry import SYSCALL_FIELDS
from falco.state.fds import FdType
from falco.state.state import State
from tests.events import ends
from tests.facts import attribute_fact, base_fact, fd_fact, marks_fact, name_fact, path_fact
from tests.fuzz.inputs import bounded, inputs

FIELDS = tuple(field for field in SYSCALL_FIELDS if field.extract is not None)
ARGUMENTS = ("fd", "name", "flags", "res", "0", "1", "7", "addr", "tuple")
BOUND = tuple(
    SYSCALL_FIELDS.get(name).bind(argument)  # type: ignore[union-attr, misc]
    for name in ("evt.arg", "evt.rawarg")
    for argument in ARGUMENTS
    if name == "evt.arg" or not argument.isdigit()
)
VALUES = (int, str, bytes, float, list, SockAddr, SockTuple, Dyn)
TIDS = (-1, 0, 1, 7, 7, 7, 8)
START = ("SYSCALL_CLONE_20_X", "SYSCALL_EXECVE_19_X", "SYSCALL_OPEN_X", "SOCKET_CONNECT_X", "CONTAINER_JSON_E")


def any_bytes(rng: random.Random) -> bytes:
    size = rng.choice((0, 1, 2, 4, 8, 8, 8, 8, 14, 38, rng.randrange(80)))
    small = rng.choice((-11, -1, 0, 1, 3, 7, 8)).to_bytes(8, "little", signed=True)
    texts = (
        b"/etc/passwd\0",
        b"a\0b\0\xff\0",
        b'{"container":{"id":1}}\0',
        b"cpu=/docker/" + b"a" * 64 + b"\0",
        b"..\0",
    )
    family = bytes((rng.choice((0, 1, 2, 10, 16)),))
    return rng.choice((rng.randbytes(size), small, small, rng.choice(texts), family + rng.randbytes(size)))


FACTS = (
    fd_fact(3, FdType.FILE_V2, "/etc/passwd"),
    fd_fact(7, FdType.IPV4_SOCK, ends("10.0.0.5:80->1.2.3.4:5000"), role=2, l4proto=2, connected=True),
    fd_fact(8, FdType.IPV6_SERVSOCK, ends("::1:1->::2:2"), role=1),
    fd_fact(-1, FdType.UNIX_SOCK, ends("1f->2e /run/x")),
    fd_fact(3, FdType.UNKNOWN, "anon_inode:[eventfd]"),
    *(make(role, "/a/../b") for make in (base_fact, name_fact, path_fact) for role in "nst"),
    marks_fact(3),
    marks_fact(8),
    attribute_fact("security.capability", bytes(20)),
)


def any_fact(rng: random.Random) -> bytes:
    """A fact, often with a byte changed or its end cut off."""
    raw = bytearray(rng.choice(FACTS))
    if rng.random() < 0.4:
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(raw[: rng.randrange(len(raw) + 1)] if rng.random() < 0.2 else raw)


def framed(event: Event, number: int, rng: random.Random) -> Event:
    """The event as any type, with lengths that do not always fit it."""
    row = EVENT_TABLE[CODES[rng.choice(START)] if rng.random() < 0.3 else rng.randrange(len(EVENT_TABLE))]
    count = rng.choice((len(row.params), len(row.params), rng.randint(0, len(row.params) + 1)))
    facts = rng.randint(1, 4) if rng.random() < 0.3 else 0
    params = [any_bytes(rng) for _ in range(len(row.params) if facts else count)]
    params += [any_fact(rng) for _ in range(facts)]
    count = len(params)
    lengths = [len(param) for param in params]
    if lengths and rng.random() < 0.03:
        lengths[rng.randrange(count)] += rng.choice((1, 0xFF00))
    width = "I" if row.flags & EventFlag.LARGE_PAYLOAD else "H"
    payload = struct.pack(f"<{count}{width}", *lengths) + b"".join(params)
    event.begin(number, 0, rng.randrange(1 << 62), rng.choice(TIDS), row.code, payload, 0, len(payload), count)
    return event


def test_parameters():
    for number, rng in inputs("parameter"):
        raw = any_bytes(rng) or b"\0"
        for type_, decode in DECODERS.items():
            with bounded(f"parameter of type {type_.name}", number), contextlib.suppress(EventError):
                assert isinstance(decode(raw), VALUES)


def test_events_and_fields():
    """An input is five events on one state, so that some find what others left; rules read fields in any order."""
    for number, rng in inputs("event"):
        state = State(True)
        event = Event(state)
        with bounded("event", number):
            for nth in range(1, 6):
                with contextlib.suppress(EventError):
                    state.apply(framed(event, nth, rng))
                    read_all(event)
                if state.unsettled:
                    state.settle()


def read_all(event: Event) -> None:
    """Every field; one that refuses the event's bytes does so without disturbing those after it."""
    for extract in (*(field.extract for field in FIELDS), *BOUND):
        assert extract is not None
        with contextlib.suppress(EventError):
            value = extract(event)
            assert value is None or isinstance(value, (*VALUES, tuple)), type(value)
