import struct

import pytest

from falco.events.decode import EventError
from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE
from falco.events.types import EventFlag
from falco.state.state import State
from tests.events import build

LARGE = next(t for t in EVENT_TABLE if t.flags & EventFlag.LARGE_PAYLOAD)


def event_of(symbol: str, *params: bytes, short: int = 0) -> Event:
    """An event with these parameters, whose bytes stop so many before the last one's."""
    code = CODES[symbol]
    width = "I" if EVENT_TABLE[code].flags & EventFlag.LARGE_PAYLOAD else "H"
    body = struct.pack(f"<{len(params)}{width}", *map(len, params)) + b"".join(params)
    event = Event(State())
    event.begin(1, 2, 3, 4, code, b"before" + body + b"behind", 6, 6 + len(body) - short, len(params))
    return event


def test_parameters_as_bytes():
    event = event_of("SYSCALL_OPEN_X", b"\3" + bytes(7), b"/x\0", b"")
    assert event.params() == (b"\3" + bytes(7), b"/x\0", b"")
    assert [event.raw(index) for index in range(4)] == [*event.params(), b""]
    assert event.bounds() == [12, 20, 23, 23]


def test_an_event_without_parameters():
    event = event_of("SYSCALL_OPEN_E")
    assert (event.params(), event.raw(0), event.first()) == ((), b"", None)


def test_one_parameter():
    assert event_of("SYSCALL_CLOSE_E", b"abc").params() == (b"abc",)


def test_lengths_of_four_bytes():
    event = event_of(LARGE.symbol.removeprefix("PPME_"), b"\5" + bytes(7), b"x" * 70_000)
    assert [len(raw) for raw in event.params()] == [8, 70_000]
    assert event.first() == 5


@pytest.mark.parametrize("read", [Event.params, Event.bounds, lambda event: event.raw(0)])
def test_lengths_that_do_not_fit_are_an_error_each_time(read):
    event = event_of("SYSCALL_OPEN_X", bytes(8), b"/x\0", short=1)
    for _ in range(2):
        with pytest.raises(EventError, match="exceed it by 1 bytes"):
            read(event)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"\3" + bytes(7), 3),
        (b"\xfe" + b"\xff" * 7, -2),
        (b"\xfe\xff\xff\xff", -2),
        (b"", None),
        (bytes(8) + b"\1", 1 << 64),
    ],
)
def test_the_first_parameter_as_an_integer(raw, value):
    assert event_of("SYSCALL_READ_X", raw, b"data").first() == value


def test_a_first_parameter_that_does_not_fit():
    with pytest.raises(EventError, match="exceed it"):
        event_of("SYSCALL_READ_X", bytes(8), short=1).first()


def test_decoded_parameters():
    event = build("SYSCALL_OPEN_X", fd=3, name="/x").frame(Event(State()), 1)
    assert (event.param(0), event.param(1), event.param(60)) == (3, "/x", None)


def test_an_event_begins_anew():
    event = event_of("SYSCALL_CLOSE_E", b"abc")
    assert event.params() == (b"abc",)
    event.hidden = True
    event.begin(2, 0, 9, 7, CODES["SYSCALL_CLOSE_E"], b"\2\0xy", 0, 4, 1)
    assert (event.params(), event.hidden, event.num, event.type.name) == ((b"xy",), False, 2, "close")
