"""Alerts appended to a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.priority import Priority


class FileOutput:
    """Appends to a file, kept open or opened for each alert.

    A line that a full disk cut off is ended before the next one, so that each alert has its own line.
    """

    name = "file"

    def __init__(self, path: str, *, keep_alive: bool, buffered: bool) -> None:
        self._path = Path(path)
        self._keep_alive = keep_alive
        self._buffered = buffered
        self._file: io.BufferedWriter | io.FileIO | None = None
        self._torn = False

    def open(self) -> None:
        """Open the file once even if it will be opened for each alert: a bad path is told at the start."""
        self._file = self._opened()
        if not self._keep_alive:
            self.close()

    def write(self, line: bytes, priority: Priority) -> None:
        file = self._file
        if file is None:
            file = self._file = self._opened()
        try:
            self._append(file, line + b"\n")
        finally:
            if not self._keep_alive:
                self.close()

    def reopen(self) -> None:
        """Open the path anew, which may be another file by now."""
        self.close()
        self.open()

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def _opened(self) -> io.BufferedWriter | io.FileIO:
        # A buffer makes sense only for a file that is kept open.
        return self._path.open("ab") if self._keep_alive and self._buffered else self._path.open("ab", buffering=0)

    def _append(self, file: io.BufferedWriter | io.FileIO, data: bytes) -> None:
        rest = b"\n" + data if self._torn else data
        size = len(rest)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        finally:
            self._torn = 0 < len(rest) < size or (self._torn and bool(rest))
