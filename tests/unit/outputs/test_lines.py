from __future__ import annotations

import errno
import os

import pytest

from falco.outputs.lines import LineWriter
from falco.priority import Priority


def lines(*texts):
    return [(text, Priority.DEBUG) for text in texts]


class Disk:
    """A file on a disk with so much room."""

    def __init__(self, room):
        self.data, self.room = b"", room

    def write(self, rest):
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = rest[: self.room]
        self.room -= len(taken)
        self.data += taken
        return len(taken)

    def fileno(self):
        return -1


def test_all_lines_go_out_in_one_call():
    disk = Disk(100)
    assert LineWriter().write(disk, lines(b"a", b"bc")) == 2
    assert disk.data == b"a\nbc\n"


@pytest.mark.parametrize(("room", "whole"), [(2, 1), (4, 1), (5, 2), (6, 2)])
def test_only_lines_that_got_out_whole_are_counted(room, whole):
    assert LineWriter().write(Disk(room), lines(b"a", b"bc", b"def")) == whole


def test_a_line_that_was_cut_off_is_ended_before_the_next():
    disk, writer = Disk(3), LineWriter()
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            writer.write(disk, lines(b"first"))
    disk.room = 100
    assert writer.write(disk, lines(b"second", b"third")) == 2
    assert disk.data == b"fir\nsecond\nthird\n"


def test_a_line_end_that_was_cut_off_counts_as_missing():
    disk, writer = Disk(5), LineWriter()
    with pytest.raises(OSError, match="No space"):
        writer.write(disk, lines(b"first"))
    disk.room = 100
    writer.write(disk, lines(b"second"))
    assert disk.data == b"first\nsecond\n"


def test_a_descriptor_that_does_not_wait_is_waited_for():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with os.fdopen(writing, "wb", buffering=0) as file, os.fdopen(reading, "rb", buffering=0) as reader:
        while file.write(b"x" * 4096):
            pass

        class Emptied:
            """Reads the pipe empty when someone waits for it."""

            def write(self, data):
                return file.write(data)

            def fileno(self):
                reader.read(1 << 20)
                return writing

        assert LineWriter().write(Emptied(), lines(b"late")) == 1
        assert reader.read(1 << 20) == b"late\n"
