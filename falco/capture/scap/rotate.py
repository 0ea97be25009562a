"""Which file of a recording its bytes go to: one, or one after another by size, time or number of events.

Blocks are gathered and written whole, so that a recording that cannot go on (a full disk) stays readable to its end.
"""

from __future__ import annotations

import collections
import dataclasses
import time
from pathlib import Path

from falco.capture.scap.sink import STDOUT, Sink
from falco.errors import FalcoError

FLUSH = 256 << 10
"""Bytes that are gathered before they are written."""
NS = 1_000_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Rotation:
    """When the next file begins, 0 for never: after so many bytes as stored, seconds of event time, or event blocks.

    max_files is how many files there may be, the oldest giving way; 0 for any number.
    """

    size_bytes: int = 0
    seconds: int = 0
    events: int = 0
    max_files: int = 0

    @property
    def splits(self) -> bool:
        """Whether there may be more than one file."""
        return bool(self.size_bytes or self.seconds or self.events)


def _same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


class Files:
    """The files of a recording; number counts them from 0, events the event blocks in the current one.

    Names are sysdig's: a number after the target, with as many digits as max_files has where size decides; for files
    by time a target with strftime signs gets the time of the file's first event instead (and a number if size or count
    may split further). Errors are FalcoErrors with the path; after one, nothing more is written or said.
    """

    def __init__(self, target: str, rotation: Rotation, compress: bool = False) -> None:
        if target == STDOUT and rotation.splits:
            raise FalcoError("a capture written to standard output cannot be rotated")
        self._target, self._rotation, self._compress = target, rotation, compress
        self._timed = bool(rotation.seconds) and "%" in target
        self._sink: Sink | None = None
        self._path = self._source = ""
        self._past: collections.deque[str] = collections.deque()
        self._broken = False
        self._parts: list[bytes] = []
        self._gathered = 0
        self._start: int | None = None
        self._limit = rotation.size_bytes
        self.number = 0
        self.events = 0

    def prepare(self, source: str = "") -> None:
        """Open the first file now if its name is known, so that a target that cannot be written is told at once.

        source is a file that must not be written over, because it is being read.
        """
        self._source = source
        if not self._timed:
            self._open(0)

    def write(self, raw: bytes) -> None:
        """Take whole blocks for the current file, or for the first one once begin() has named it."""
        self._parts.append(raw)
        self._gathered += len(raw)
        if self._gathered >= FLUSH and self._sink is not None:
            self._flush()

    def begin(self, ts: int) -> None:
        """The recording's first event is of ts (ns)."""
        self._start = ts // NS
        if self._sink is None:
            self._open(ts)
        self.opened()

    def opened(self) -> None:
        """Everything is written that stands before a file's first event."""
        self._flush()
        size, limit = self._size(), self._rotation.size_bytes
        # Where the start alone takes what a file may have, as much again goes to events: not a file for each event.
        self._limit = limit if size < limit else 2 * size

    def due(self, ts: int) -> bool:
        """Whether an event of ts (ns) belongs into a further file."""
        rule = self._rotation
        if self._start is None:
            self.begin(ts)
        elif (rule.events and self.events >= rule.events) or (rule.seconds and ts // NS - self._start >= rule.seconds):
            return True
        return bool(rule.size_bytes) and self._size() > self._limit

    def next(self, ts: int) -> None:
        """Begin a further file, its first event being of ts (ns)."""
        self._finish()
        self.number += 1
        self.events = 0
        self._start = ts // NS
        self._open(ts)

    def close(self) -> None:
        """Write what is left and close."""
        if self._sink is None and self._parts:
            self._open(0)
        self._finish()

    def _size(self) -> int:
        written = self._sink.size if self._sink is not None else 0
        return written + (0 if self._compress else self._gathered)

    def _open(self, ts: int) -> None:
        if self._broken:
            return
        self._path = self._name(ts)
        if self._path != STDOUT and _same(self._path, self._source):
            self._broken = True
            raise FalcoError(f"{self._path}: a capture cannot be written over while it is read")
        try:
            self._sink = Sink(self._path, self._compress)
            self._forget(self._path)
        except OSError as error:
            raise self._failed(error) from None

    def _name(self, ts: int) -> str:
        rule, number = self._rotation, self.number
        if not rule.splits:
            return self._target
        base = time.strftime(self._target, time.localtime(ts // NS)) if self._timed else self._target
        if self._timed and not rule.size_bytes and not rule.events:
            return base
        index = number % rule.max_files if rule.max_files else number
        return base + str(index).zfill(len(str(rule.max_files)) if rule.size_bytes and not rule.events else 1)

    def _forget(self, path: str) -> None:
        """Count path among the recording's files, and remove the oldest if there are too many."""
        limit = self._rotation.max_files
        if not limit or not self._rotation.splits:
            return
        if path in self._past:
            self._past.remove(path)  # It has just been written over.
        self._past.append(path)
        while len(self._past) > limit:
            Path(self._past.popleft()).unlink(missing_ok=True)

    def _flush(self) -> None:
        chunk = b"".join(self._parts)
        self._parts.clear()
        self._gathered = 0
        if self._sink is None or self._broken:
            return
        try:
            self._sink.append(chunk)
        except OSError as error:
            raise self._failed(error) from None

    def _finish(self) -> None:
        self._flush()
        if self._sink is None:
            return
        sink, self._sink = self._sink, None
        try:
            sink.close()
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> FalcoError:
        self._broken = True
        if self._sink is not None:
            self._sink.abandon()
            self._sink = None
        path = "<stdout>" if self._path == STDOUT else self._path
        return FalcoError(f"{path}: the capture cannot be written: {error.strerror}")
