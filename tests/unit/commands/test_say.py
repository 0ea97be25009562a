from __future__ import annotations

import errno
import io
import os
import sys

import pytest

from falco.commands.say import say, write
from falco.errors import FalcoError


def test_each_line_stays_one_and_is_harmless(capsys):
    say(["a", "b\nc\x1b[2J"])
    assert capsys.readouterr().out == "a\nb\\nc\\x1b[2J\n"


def test_text_is_printed_as_it_stands(capsys):
    write("a\x1b")
    assert capsys.readouterr().out == "a\x1b"


class Full(io.StringIO):
    def flush(self):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_a_mistake_with_a_name(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(FalcoError, match=r"^Standard output cannot be written: No space left on device$"):
        say(["a"])


def test_a_reader_that_has_gone_is_none(monkeypatch):
    read, gone = os.pipe()
    os.close(read)
    file = os.fdopen(gone, "w")
    monkeypatch.setattr(sys, "stdout", file)
    with pytest.raises(BrokenPipeError):
        say(["a"])
    monkeypatch.undo()
    with pytest.raises(BrokenPipeError):
        file.close()
