"""Lines of generated Python with their indentation, and which rule each line belongs to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class CodeWriter:
    """Collects lines; marks maps a line number (from 1) to the mark that it was written with."""

    def __init__(self) -> None:
        self.marks: dict[int, int] = {}
        self._lines: list[str] = []
        self._indent = ""

    @property
    def text(self) -> str:
        """All lines, each ended by a newline."""
        return "".join(line + "\n" for line in self._lines)

    def write(self, text: str, mark: int | None = None) -> None:
        """Add text, which may be several lines; inner lines keep their own extra indentation."""
        for line in text.split("\n"):
            self._lines.append(self._indent + line if line else "")
            if mark is not None:
                self.marks[len(self._lines)] = mark

    def here(self) -> tuple[int, str]:
        """A place to insert() a line at later: before the next line, at its indentation."""
        return len(self._lines), self._indent

    def insert(self, place: tuple[int, str], text: str) -> None:
        """Add one line at a place noted before; later lines move down with their marks."""
        at, indent = place
        self._lines.insert(at, indent + text)
        self.marks = {line + (line > at): mark for line, mark in self.marks.items()}

    @contextlib.contextmanager
    def block(self, header: str, mark: int | None = None) -> Iterator[None]:
        """What is written inside stands indented below header, which ends in a colon."""
        self.write(header, mark)
        before, self._indent = self._indent, self._indent + "    "
        yield
        self._indent = before
