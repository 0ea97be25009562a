"""Alerts appended to a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from falco.outputs.lines import LineWriter

if TYPE_CHECKING:
    from falco.outputs.output import Line


class FileOutput:
    """Appends to a file, kept open or opened for what there is to write and closed again."""

    name = "file"

    def __init__(self, path: str, *, keep_alive: bool) -> None:
        self.buffered = keep_alive  # What is closed after each alert is written after each alert.
        self._path = Path(path)
        self._keep_alive = keep_alive
        self._file: io.FileIO | None = None
        self._lines = LineWriter()

    def open(self) -> None:
        """Open the file once even if it will be opened for each alert: a bad path is told at the start."""
        self._file = self._opened()
        if not self._keep_alive:
            self.close()

    def write(self, lines: Sequence[Line]) -> int:
        file = self._file
        if file is None:
            file = self._file = self._opened()
        try:
            return self._lines.write(file, lines)
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

    def _opened(self) -> io.FileIO:
        return self._path.open("ab", buffering=0)
