"""Records of the ring buffer, found where they lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.capture.live.ring import BUSY, DISCARDED, LONGEST, PAGE, Patience
from tests.unit.capture.live.ringbuffer import RingBuffer


def taken(buffer):
    """The records of one batch."""
    data, records = buffer.ring.take()
    return [data[start:end] for start, end in records]


def test_an_empty_ring_gives_nothing():
    assert taken(RingBuffer()) == []


def test_records_come_in_order_and_once():
    buffer = RingBuffer()
    for payload in (b"first", b"", b"the third"):
        buffer.put(payload)
    assert taken(buffer) == [b"first", b"", b"the third"]
    assert taken(buffer) == []


def test_a_record_over_the_end_of_the_data_is_whole():
    buffer = RingBuffer(size=PAGE, first=PAGE - 16)
    buffer.put(b"0123456789abcdefghij")
    assert taken(buffer) == [b"0123456789abcdefghij"]


def test_room_is_given_back_when_records_are_taken():
    buffer = RingBuffer()
    buffer.put(b"x" * 24)
    assert (buffer.ring.position, buffer.ring.produced) == (0, 32)
    buffer.ring.take()
    assert buffer.ring.position == 32


def test_reading_stops_before_a_record_that_is_being_written():
    buffer = RingBuffer()
    buffer.put(b"first")
    at = buffer.put(b"second", BUSY)
    buffer.put(b"third")
    assert taken(buffer) == [b"first"]
    assert taken(buffer) == []
    buffer.commit(at, 6)
    assert taken(buffer) == [b"second", b"third"]


def test_discarded_records_are_passed_over():
    buffer = RingBuffer()
    buffer.put(b"first", DISCARDED)
    buffer.put(b"second")
    buffer.put(b"third", DISCARDED)
    assert taken(buffer) == [b"second"]
    assert buffer.ring.position == buffer.ring.produced


def test_a_length_beyond_all_that_was_written_empties_the_ring():
    buffer = RingBuffer()
    buffer.put(b"first")
    buffer.commit(buffer.put(b"second"), 5000)
    buffer.put(b"third")
    assert taken(buffer) == [b"first"]
    assert buffer.ring.torn == 1
    buffer.put(b"fourth")
    assert taken(buffer) == [b"fourth"]


def test_a_record_longer_than_any_empties_the_ring():
    buffer = RingBuffer(size=1 << 20)
    for payload in (b"first", bytes(LONGEST + 1), b"third"):
        buffer.put(payload)
    assert taken(buffer) == [b"first"]
    assert taken(buffer) == []
    assert buffer.ring.torn == 1


def test_a_large_ring_is_seen_through_a_window_that_moves():
    buffer = RingBuffer(size=1 << 22, first=(1 << 22) - 8)
    payloads = [bytes((number,)) * LONGEST for number in range(1, 98)]
    found = []
    for payload in payloads:
        buffer.put(payload)
        found += taken(buffer)
    assert found == payloads


def test_fill_tells_how_full_it_is():
    buffer = RingBuffer(size=PAGE)
    buffer.put(bytes(PAGE // 4 - 8))
    assert buffer.ring.fill == pytest.approx(0.25)


def test_a_batch_ends_so_that_the_kernel_gets_room():
    buffer = RingBuffer(size=1 << 20)
    for _ in range(8):
        buffer.put(bytes(LONGEST // 4 - 8))
    assert [len(taken(buffer)) for _ in range(3)] == [2, 2, 2]


@given(st.lists(st.tuples(st.binary(max_size=600), st.booleans()), max_size=40), st.integers(0, 1 << 40))
def test_whatever_is_put_in_comes_out(records, first):
    buffer = RingBuffer(size=PAGE, first=first & ~7)
    for payload, discarded in records:
        buffer.put(payload, DISCARDED if discarded else 0)
        assert taken(buffer) == ([] if discarded else [payload])
    assert buffer.ring.position == buffer.ring.produced


def test_patience_grows_to_its_end_and_starts_anew():
    waits: list[float] = []
    patience = Patience(waits.append)
    for _ in range(30):
        patience.wait()
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (Patience.FIRST_S, Patience.LONGEST_S)
    patience.reset()
    patience.wait()
    assert waits[-1] == Patience.FIRST_S
