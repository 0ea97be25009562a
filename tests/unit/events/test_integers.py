import struct

import pytest

from falco.events.decode import EventError
from falco.events.event import Event
from falco.events.integers import Integers
from falco.events.table import CODES, EVENT_TABLE
from falco.state.state import State

CLONE = EVENT_TABLE[CODES["SYSCALL_CLONE_20_X"]]
MEMORY = (("fdlimit", "q", 0), ("pgft_maj", "Q", 0), ("pgft_min", "Q", 0), ("vm_size", "I", 7), ("vm_rss", "I", 8))
"""Five neighbours, which begin behind seven other parameters."""


def event_of(*params: bytes, nparams: int | None = None, end: int | None = None) -> Event:
    """A clone's exit with these parameters, which begin somewhere in the buffer."""
    count = len(params) if nparams is None else nparams
    lengths = struct.pack(f"<{len(params)}H", *map(len, params))
    buffer = b"before" + lengths + b"".join(params) + b"behind"
    event = Event(State())
    event.begin(1, 0, 1, 7, CLONE.code, buffer, 6, len(buffer) - 6 if end is None else end, count)
    return event


BEFORE = (bytes(8), b"sh\0", b"", bytes(8), bytes(8), bytes(8), b"")
NUMBERS = (struct.pack("<q", -1), struct.pack("<Q", 1 << 63), bytes(8), b"\xff" * 4, b"\1\0\0\0")


def test_neighbours_of_the_usual_width():
    assert Integers(CLONE, *MEMORY).of(event_of(*BEFORE, *NUMBERS)) == (-1, 1 << 63, 0, (1 << 32) - 1, 1)


@pytest.mark.parametrize(
    ("index", "raw", "value"),
    [(0, b"\xfe", -2), (0, b"", 0), (1, b"\xfe", 254), (3, b"", 7), (3, bytes(7) + b"\1", 1 << 56), (4, b"\2", 2)],
)
def test_another_width_is_read_as_it_is_and_none_as_absent(index, raw, value):
    numbers = list(NUMBERS)
    numbers[index] = raw
    wanted = [-1, 1 << 63, 0, (1 << 32) - 1, 1]
    wanted[index] = value
    assert Integers(CLONE, *MEMORY).of(event_of(*BEFORE, *numbers)) == tuple(wanted)


def test_what_a_shorter_event_lacks_is_absent():
    assert Integers(CLONE, *MEMORY).of(event_of(*BEFORE, *NUMBERS[:3])) == (-1, 1 << 63, 0, 7, 8)


def test_what_the_event_type_lacks_is_absent():
    numbers = Integers(CLONE, ("fdlimit", "q", 0), ("loginuid", "I", 9))
    assert numbers.of(event_of(*BEFORE, *NUMBERS)) == (-1, 9)


def test_numbers_that_are_no_neighbours():
    numbers = Integers(CLONE, ("vm_rss", "I", None), ("fdlimit", "q", None), ("flags", "I", None))
    assert numbers.of(event_of(*BEFORE, *NUMBERS)) == (1, -1, None)


def test_lengths_that_do_not_fit_the_event_are_an_error():
    event = event_of(*BEFORE, *NUMBERS, end=40)
    with pytest.raises(EventError, match="exceed it"):
        Integers(CLONE, *MEMORY).of(event)


def test_an_impossible_width_is_an_error():
    with pytest.raises(EventError, match="integer of 65 bytes"):
        Integers(CLONE, *MEMORY).of(event_of(*BEFORE, bytes(65), *NUMBERS[1:]))
