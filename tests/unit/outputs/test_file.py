from __future__ import annotations

import errno

import pytest

from falco.outputs.file import FileOutput
from falco.priority import Priority

LEVEL = Priority.WARNING


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.txt"


@pytest.mark.parametrize("keep_alive", [False, True])
@pytest.mark.parametrize("buffered", [False, True])
def test_lines_are_appended(path, keep_alive, buffered):
    path.write_text("before\n")
    output = FileOutput(str(path), keep_alive=keep_alive, buffered=buffered)
    output.open()
    output.write(b"a", LEVEL)
    output.write(b"b", LEVEL)
    output.close()
    assert path.read_text() == "before\na\nb\n"


def test_unbuffered_lines_are_there_at_once(path):
    output = FileOutput(str(path), keep_alive=True, buffered=False)
    output.open()
    output.write(b"a", LEVEL)
    assert path.read_text() == "a\n"
    output.close()


def test_buffered_lines_wait(path):
    output = FileOutput(str(path), keep_alive=True, buffered=True)
    output.open()
    output.write(b"a", LEVEL)
    assert path.read_text() == ""
    output.close()
    assert path.read_text() == "a\n"


@pytest.mark.parametrize(("keep_alive", "in_old"), [(True, "a\nb\n"), (False, "a\n")])
def test_a_rotated_file_is_left_behind_at_reopen(path, keep_alive, in_old):
    output = FileOutput(str(path), keep_alive=keep_alive, buffered=False)
    output.open()
    output.write(b"a", LEVEL)
    old = path.rename(path.with_suffix(".1"))
    output.write(b"b", LEVEL)
    output.reopen()
    output.write(b"c", LEVEL)
    output.close()
    assert old.read_text() == in_old
    assert path.read_text().endswith("c\n")


def test_a_bad_path_is_told_when_opening(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileOutput(str(tmp_path / "none" / "f"), keep_alive=False, buffered=False).open()


class Full:
    """A file on a disk that takes three bytes and is then full until it is told otherwise."""

    def __init__(self):
        self.data, self.room = b"", 3

    def write(self, rest):
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = rest[: self.room]
        self.room -= len(taken)
        self.data += taken
        return len(taken)

    def close(self):
        pass


def test_a_line_that_was_cut_off_is_ended_before_the_next(path, monkeypatch):
    output = FileOutput(str(path), keep_alive=True, buffered=False)
    full = Full()
    monkeypatch.setattr(output, "_opened", lambda: full)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            output.write(b"first", LEVEL)
    full.room = 100
    output.write(b"second", LEVEL)
    output.write(b"third", LEVEL)
    assert full.data == b"fir\nsecond\nthird\n"
