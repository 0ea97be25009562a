from __future__ import annotations

import io

from falco.outputs.stream import StreamOutput
from falco.priority import Priority


class Flushes(io.BytesIO):
    count = 0

    def flush(self):
        self.count += 1
        super().flush()


def test_unbuffered_lines_are_flushed_one_by_one():
    stream = Flushes()
    output = StreamOutput("stdout", stream, buffered=False)
    output.open()
    output.write(b"a", Priority.DEBUG)
    output.write(b"b", Priority.DEBUG)
    assert (stream.getvalue(), stream.count) == (b"a\nb\n", 2)


def test_buffered_lines_are_flushed_at_the_end_and_the_stream_stays_open():
    stream = Flushes()
    output = StreamOutput("stdout", stream, buffered=True)
    output.write(b"a", Priority.DEBUG)
    assert stream.count == 0
    output.reopen()
    output.close()
    assert stream.count == 2
    assert not stream.closed
