"""Alerts to standard output or standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from falco.priority import Priority


class StreamOutput:
    """Writes to a stream that belongs to the process and hence stays open."""

    def __init__(self, name: str, stream: BinaryIO, *, buffered: bool) -> None:
        self.name = name
        self._stream = stream
        self._buffered = buffered

    def open(self) -> None:
        """Nothing to do: the stream is there."""

    def write(self, line: bytes, priority: Priority) -> None:
        self._stream.write(line + b"\n")
        if not self._buffered:
            self._stream.flush()

    def reopen(self) -> None:
        """Hand over what is buffered, so that it comes before what is written from now on."""
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()
