"""Bytes of a capture: plain or gzip, from a file or standard input, in chunks, with the offset for errors."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from falco.errors import CaptureError

CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"


class Stream:
    """A forward-only view: buffer holds bytes from base on, pos is the next unread one.

    Offsets are in the uncompressed stream. More than one block is never held, plus a chunk.
    """

    def __init__(self, file: BinaryIO, path: str) -> None:
        self.path = path
        peeked = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
        self._raw = peeked
        self.compressed = peeked.peek(2)[:2] == GZIP_MAGIC
        self._file: io.BufferedIOBase = gzip.GzipFile(fileobj=peeked) if self.compressed else peeked
        self.buffer = b""
        self.pos = 0
        self.base = 0

    @property
    def offset(self) -> int:
        """The offset of pos in the capture."""
        return self.base + self.pos

    def read_so_far(self) -> int:
        """Bytes consumed of the file as stored (compressed or not), for a progress bar."""
        try:
            return self._raw.tell()
        except OSError:
            return self.offset

    def fill(self, size: int) -> bool:
        """Make at least size bytes available at pos; False at the end of the stream (whatever is left stays).

        Raises CaptureError if the stream cannot be read or decompressed.
        """
        rest = self.buffer[self.pos :]
        parts, have = [rest], len(rest)
        while have < size:
            try:
                # One read at a time, so that what came before damage is handed out before the damage is told.
                chunk = self._file.read1(CHUNK)
            except (OSError, EOFError, zlib.error) as error:
                raise CaptureError(self.path, self.base + self.pos + have, f"cannot be read: {error}") from None
            if not chunk:
                break
            parts.append(chunk)
            have += len(chunk)
        self.base += self.pos
        self.buffer, self.pos = b"".join(parts), 0
        return have >= size

    def available(self, size: int) -> bool:
        """Whether size bytes are at pos, read if need be."""
        return len(self.buffer) - self.pos >= size or self.fill(size)

    def error(self, message: str, at: int | None = None) -> CaptureError:
        """An error at pos, or at the index `at` of the buffer."""
        return CaptureError(self.path, self.base + (self.pos if at is None else at), message)

    def close(self) -> None:
        """Close the file underneath."""
        self._file.close()
        self._raw.close()


def open_stream(path: str) -> Stream:
    """Open a capture; '-' is standard input. Raises CaptureError if it cannot be opened."""
    try:
        file = sys.stdin.buffer if path == "-" else Path(path).open("rb")
        return Stream(cast(BinaryIO, file), "<stdin>" if path == "-" else path)
    except OSError as error:
        raise CaptureError(path, 0, f"cannot be opened: {error.strerror}") from None
