from __future__ import annotations

import io
import os

from falco.outputs.stream import StreamOutput
from falco.priority import Priority


def lines(*texts):
    return [(text, Priority.DEBUG) for text in texts]


def test_lines_go_out_at_once_and_the_stream_stays_open():
    stream = io.BytesIO()
    output = StreamOutput("stdout", stream)
    output.open()
    assert output.write(lines(b"a", b"b")) == 2
    assert stream.getvalue() == b"a\nb\n"
    output.reopen()
    output.close()
    assert not stream.closed


def test_what_others_have_buffered_comes_first():
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream, os.fdopen(reading, "rb") as reader:
        stream.write(b"before\n")
        output = StreamOutput("stdout", stream)
        output.open()
        output.write(lines(b"a"))
        assert os.read(reader.fileno(), 100) == b"before\na\n"
