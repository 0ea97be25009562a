from __future__ import annotations

import struct

import pytest

from falco.capture.scap import blocks
from falco.capture.scap.wanted import Wanted
from falco.errors import CaptureError
from tests.events import process, write_capture
from tests.unit.capture.scap.made import CONTAINER, EVENTS, ROWS, SECTION, block, capture, read, reader


def test_a_second_section_starts_with_its_own_state(tmp_path):
    first = write_capture(tmp_path / "1", EVENTS[:2], [process(7, comm="old")]).read_bytes()
    second = write_capture(tmp_path / "2", [CONTAINER, *EVENTS[2:]], [process(9, comm="new")]).read_bytes()
    made, snapshots = reader(first + second)
    seen = [(event.num, event.hidden, len(snapshots)) for event in made]
    assert seen == [(1, False, 1), (2, False, 1), (3, True, 1), (4, False, 2), (5, False, 2), (6, True, 2)]
    assert [[t.comm for t in s.threads.values()] for s in snapshots] == [["old"], ["new"]]


def test_a_second_section_after_unwanted_events(tmp_path):
    data = write_capture(tmp_path / "1", EVENTS, [process(7)]).read_bytes()
    made, snapshots = reader(data + data, Wanted(()))
    assert list(made) == []
    assert (made.num, len(snapshots)) == (2 * len(EVENTS), 2)


def test_a_metadata_block_after_the_first_event_is_an_error():
    with pytest.raises(CaptureError, match="block 0x201 after the first event"):
        read(capture(EVENTS[0], block(blocks.MACHINE_INFO, bytes(180)), EVENTS[1]))


def test_unknown_blocks_before_the_first_event_are_skipped():
    assert read(capture(block(0x999, b"abc"), *EVENTS)) == ROWS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "too short"),
        (b"\n\r\r", "too short"),
        (block(0x201, bytes(180)), "no section header"),
        (block(blocks.SECTION_HEADER, struct.pack("<IHHQ", 0x4D3C2B1A, 1, 0, 0)), "other byte order"),
        (block(blocks.SECTION_HEADER, struct.pack("<IHHQ", 5, 1, 0, 0)), "magic 0x5"),
        (block(blocks.SECTION_HEADER, struct.pack("<IHHQ", 0x1A2B3C4D, 2, 0, 0)), "format 2.0 is newer"),
        (block(blocks.SECTION_HEADER, b"1234"), "section header is too short"),
        (SECTION, "holds no events"),
        (SECTION[:-1] + b"\1", "two lengths differ"),
        (SECTION + struct.pack("<II", blocks.EVENT_V2, 11) + bytes(40), "impossible length 11"),
        (SECTION + struct.pack("<II", blocks.EVENT_V2, 30) + bytes(40), "impossible length 30"),
        (SECTION + struct.pack("<II", blocks.EVENT_V2, 20) + bytes(12), "event block of only 20 bytes"),
        (SECTION + struct.pack("<II", blocks.EVENT_V2, 0xFFFFFFF0) + bytes(40), "impossible length"),
        (SECTION + struct.pack("<II", blocks.USERS, 1 << 20) + bytes(40), "truncated: block 0x206 wants 1048576"),
        (SECTION + block(blocks.USERS, b"\7\0\0\0"), "unknown user-list entry 7"),
    ],
)
def test_what_is_no_capture_is_told_with_its_cause(data, message):
    with pytest.raises(CaptureError, match=message):
        read(data)


def test_a_metadata_error_stands_at_its_byte():
    with pytest.raises(CaptureError) as caught:
        read(SECTION + block(blocks.USERS, b"\1abcd\0\0\7xyz"))
    assert caught.value.offset == len(SECTION) + 8 + 7
