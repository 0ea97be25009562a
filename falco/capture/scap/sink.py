"""One file that a recording goes to, or standard output: plain or gzip, and whole blocks whatever happens."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import sys

from falco.capture.scap import blocks

STDOUT = "-"


class Sink:
    """One open file; size is what was written, as stored. After an error it takes nothing any more."""

    def __init__(self, path: str, compress: bool) -> None:
        """Raises OSError."""
        self.size = 0
        self._dead = False
        descriptor = sys.stdout.fileno() if path == STDOUT else path
        self._raw = io.FileIO(descriptor, "w", closefd=path != STDOUT)
        try:
            self._gzip = gzip.GzipFile("", "wb", 6, self, 0) if compress else None  # Writes a header already.
        except OSError:
            self._dead = True
            self._raw.close()
            raise

    def append(self, chunk: bytes) -> None:
        """Write whole blocks; OSError leaves those that were written in full."""
        if self._gzip is not None:
            self._gzip.write(chunk)
            return
        start = self.size
        try:
            self.write(chunk)
        except OSError:
            self._cut(start + _whole(chunk, self.size - start))
            raise

    def write(self, data: bytes) -> int:
        """Write all of data, as files promise to the compressor."""
        rest = memoryview(data)
        while rest and not self._dead:
            written = self._raw.write(rest) or 0
            self.size += written
            rest = rest[written:]
        return len(data)

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        """Write what the compressor holds and close; OSError if that fails, the file being closed all the same."""
        try:
            if self._gzip is not None:
                self._gzip.close()
        finally:
            self._raw.close()

    def abandon(self) -> None:
        """Close after an error; what the compressor still holds is lost."""
        self._dead = True
        self.close()

    def _cut(self, size: int) -> None:
        with contextlib.suppress(OSError):  # What was written to anything but a regular file is out of reach.
            os.ftruncate(self._raw.fileno(), size)


def _whole(chunk: bytes, written: int) -> int:
    """How many of the bytes written are whole blocks."""
    pos = 0
    while pos + blocks.BLOCK.size <= written:
        size = blocks.BLOCK.unpack_from(chunk, pos)[1]
        if pos + size > written:
            break
        pos += size
    return pos
