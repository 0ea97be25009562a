from __future__ import annotations

import pytest

from falco.outputs.file import FileOutput
from falco.priority import Priority


def lines(*texts):
    return [(text, Priority.WARNING) for text in texts]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.txt"


@pytest.mark.parametrize("keep_alive", [False, True])
def test_lines_are_appended_and_there_at_once(path, keep_alive):
    path.write_text("before\n")
    output = FileOutput(str(path), keep_alive=keep_alive)
    output.open()
    assert output.write(lines(b"a", b"b")) == 2
    assert path.read_text() == "before\na\nb\n"
    output.write(lines(b"c"))
    output.close()
    assert path.read_text() == "before\na\nb\nc\n"


@pytest.mark.parametrize(("keep_alive", "in_old"), [(True, "a\nb\n"), (False, "a\n")])
def test_a_rotated_file_is_left_behind_at_reopen(path, keep_alive, in_old):
    output = FileOutput(str(path), keep_alive=keep_alive)
    output.open()
    output.write(lines(b"a"))
    old = path.rename(path.with_suffix(".1"))
    output.write(lines(b"b"))
    output.reopen()
    output.write(lines(b"c"))
    output.close()
    assert old.read_text() == in_old
    assert path.read_text().endswith("c\n")


def test_a_bad_path_is_told_when_opening(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileOutput(str(tmp_path / "none" / "f"), keep_alive=False).open()


def test_a_full_disk():
    output = FileOutput("/dev/full", keep_alive=True)
    output.open()
    with pytest.raises(OSError, match="No space"):
        output.write(lines(b"a"))
    output.close()
