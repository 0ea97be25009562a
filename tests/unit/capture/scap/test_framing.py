from __future__ import annotations

import struct

import pytest

from falco.capture.scap import blocks
from falco.errors import CaptureError
from tests.events import build
from tests.unit.capture.scap.made import EVENTS, OPEN, ROWS, SECTION, block, capture, event_v1, read


@pytest.mark.parametrize("kind", [blocks.EVENT, 0x8010ABCD], ids=hex)
def test_v1_blocks_have_their_parameters_counted(kind):
    parts = [event_v1(event, kind) for event in EVENTS[:4]]
    assert read(capture(*parts)) == ROWS[:4]


def test_v1_blocks_with_flags():
    parts = [event_v1(event, blocks.EVENT_FLAGS) for event in EVENTS]
    assert read(capture(*parts)) == ROWS


def test_the_parameters_of_older_writers_are_counted_too():
    old = build("SYSCALL_OPEN_X", ts=1, tid=7, fd=3, name="/x", count=4)
    assert [row[5] for row in read(capture(event_v1(old)))] == [old.params]


def test_v1_notifications_are_three_bytes_shorter_than_they_say():
    built = build("NOTIFICATION_E", ts=1, tid=-1, id=b"id\0", desc=b"text\0")
    payload = built.payload()
    head = struct.pack("<HQqIH", 0, 1, -1, 22 + len(payload) + 3, built.type.code)
    assert [row[5] for row in read(capture(block(blocks.EVENT, head + payload)))] == [built.params]


def test_v1_parameters_that_add_up_to_no_count_are_an_error():
    bad = struct.pack("<HQqIH", 0, 1, 7, 22 + 12, OPEN) + struct.pack("<HHHHHH", *[9] * 6)
    with pytest.raises(CaptureError, match="do not add up"):
        read(capture(block(blocks.EVENT, bad)))


def test_bytes_after_the_last_parameter_are_ignored():
    noted = event_v1(EVENTS[1], extra=b"a pcapng comment")
    assert read(capture(noted)) == [(1, *ROWS[1][1:])]


def test_a_new_writers_parameters_beyond_the_table_are_there():
    built = build("SYSCALL_READ_X", ts=1, tid=7, res=4, data=b"root", fd=3, size=9, extra=(b"new",))
    assert [row[5] for row in read(capture(built))] == [built.params]
    assert built.params[-1] == b"new"


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e[:26] + struct.pack("<I", 4_000_000) + e[30:],
        lambda e: e[:32] + struct.pack("<I", 5_000) + e[36:],
        lambda e: e[:32] + struct.pack("<I", 0xFFFFFFFF) + e[36:],
    ],
    ids=["length", "count", "huge count"],
)
def test_an_event_that_does_not_fit_its_block_is_an_error_at_its_place(change):
    data = capture(EVENTS[0], change(EVENTS[1].block()))
    with pytest.raises(CaptureError, match="event 2 does not fit its block") as caught:
        read(data)
    assert caught.value.offset == len(SECTION) + len(EVENTS[0].block())
