from __future__ import annotations

import stat
from pathlib import Path

import pytest

from falco.store.cursors import Cursor, directory, read, replace, write


def test_a_cursor_reads_back_and_is_only_for_its_owner(tmp_path):
    write(tmp_path, Cursor("abc", 7))
    assert read(tmp_path) == Cursor("abc", 7)
    write(tmp_path, Cursor("abc", 8))
    assert read(tmp_path).seq == 8
    assert stat.S_IMODE((tmp_path / "cursor.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["cursor.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"store": "a"}', '{"store": "a", "seq": "x"}', '{"seq": 1}', "7"])
def test_what_is_no_cursor_is_the_beginning(tmp_path, text):
    (tmp_path / "cursor.json").write_text(text)
    assert read(tmp_path) == Cursor()


def test_no_cursor_is_the_beginning(tmp_path):
    assert read(tmp_path) == Cursor("", 0)


def test_a_forwarder_has_its_directory_beside_the_store():
    assert directory(Path("/var/lib/falco/alerts.db"), "kafka") == Path("/var/lib/falco/forwarders/kafka")


def test_what_cannot_be_replaced_stays(tmp_path):
    target = tmp_path / "x"
    replace(target, b"old")
    (tmp_path / "x.new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        replace(target, b"new")
    assert target.read_bytes() == b"old"
