"""Bytes of a capture: plain or gzip, from a file or standard input, in chunks, with the offset for errors."""

from __future__ import annotations

import gzip
import io
import os
import select
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

from falco.errors import CaptureError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
LOOK_MS = 100
"""How often a read that waits for more asks whether it still should."""


class Stopped(Exception):  # noqa: N818 - no mistake, but an end that was asked for
    """Whoever reads wants no more."""


class PatientFile(io.RawIOBase):
    """A file that asks running() before each read and while one waits; Stopped is raised when the answer is False.

    Python goes on with a read that a signal interrupts, so that a pipe in which nothing comes would keep everything
    waiting that the signal asked for.
    """

    def __init__(self, file: io.FileIO, running: Callable[[], bool]) -> None:
        self._file, self._running = file, running
        self._poll = select.poll()
        self._poll.register(file, select.POLLIN)

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read what is there; 0 at the end of the file."""
        got: int | None = None
        while got is None:
            if not self._running():
                raise Stopped
            if self._poll.poll(LOOK_MS):
                got = self._file.readinto(buffer)  # None if another reader of the pipe was faster.
        return got

    def close(self) -> None:
        """Close the file underneath too."""
        self._file.close()
        super().close()


class _AsItComes:
    """The part of a file that gzip reads: it would wait for full buffers, while what a slow pipe has is wanted now."""

    def __init__(self, file: io.BufferedReader) -> None:
        self.read = file.read1


class Stream:
    """A forward-only view: buffer holds bytes from base on, pos is the next unread one.

    Offsets are in the uncompressed stream. More than one block is never held, plus a chunk. Nothing is read before it
    is asked for: whoever opens a pipe may have to do other things before anything comes.
    """

    def __init__(self, file: BinaryIO | PatientFile, path: str) -> None:
        self.path = path
        self._raw = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
        self._file: io.BufferedIOBase | None = None
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

        Raises CaptureError if the stream cannot be read or decompressed, Stopped if no more is wanted.
        """
        rest = self.buffer[self.pos :]
        parts, have = [rest], len(rest)
        while have < size:
            try:
                file = self._file = self._file or self._begin()
                # One read at a time, so that what came before damage is handed out before the damage is told.
                chunk = file.read1(CHUNK)
            except (OSError, EOFError, zlib.error) as error:
                raise CaptureError(self.path, self.base + self.pos + have, f"cannot be read: {error}") from None
            if not chunk:
                break
            parts.append(chunk)
            have += len(chunk)
        self.base += self.pos
        self.buffer, self.pos = b"".join(parts), 0
        return have >= size

    def _begin(self) -> io.BufferedIOBase:
        if self._raw.peek(2)[:2] != GZIP_MAGIC:
            return self._raw
        return gzip.GzipFile(fileobj=cast(BinaryIO, _AsItComes(self._raw)), mode="rb")

    def available(self, size: int) -> bool:
        """Whether size bytes are at pos, read if need be."""
        return len(self.buffer) - self.pos >= size or self.fill(size)

    def error(self, message: str, at: int | None = None) -> CaptureError:
        """An error at pos, or at the index `at` of the buffer."""
        return CaptureError(self.path, self.base + (self.pos if at is None else at), message)

    def close(self) -> None:
        """Close the file underneath."""
        if self._file is not None:
            self._file.close()
        self._raw.close()


def _always() -> bool:
    return True


def open_stream(path: str, running: Callable[[], bool] = _always) -> Stream:
    """Open a capture; '-' is standard input. Raises CaptureError if it cannot be opened.

    running says whether reads may go on (see PatientFile).
    """
    try:
        file = io.FileIO(0, closefd=False) if path == "-" else io.FileIO(path, opener=_open_at_once)
        return Stream(PatientFile(file, running), "<stdin>" if path == "-" else path)
    except OSError as error:
        raise CaptureError(path, 0, f"cannot be opened: {error.strerror}") from None


def _open_at_once(path: str, flags: int) -> int:
    # A pipe with a name that nobody writes to yet would otherwise be waited for here.
    return os.open(path, flags | os.O_NONBLOCK)
