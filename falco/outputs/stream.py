"""Alerts to standard output or standard error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

from falco.outputs.lines import LineWriter

if TYPE_CHECKING:
    from falco.outputs.lines import RawFile
    from falco.outputs.output import Line


class StreamOutput:
    """Writes to a stream that belongs to the process and hence stays open."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.name = name
        self.buffered = True
        self._stream = stream
        # Below the stream's own buffer, which cannot tell how much of it got out.
        self._file = cast("RawFile", getattr(stream, "raw", stream))
        self._lines = LineWriter()

    def open(self) -> None:
        """Let out what others have written so far."""
        self._stream.flush()

    def write(self, lines: Sequence[Line]) -> int:
        return self._lines.write(self._file, lines)

    def reopen(self) -> None:
        """Nothing to do: the stream stays."""

    def close(self) -> None:
        """Nothing to do: the stream is not ours."""
