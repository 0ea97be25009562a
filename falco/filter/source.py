"""The text of a condition and where each of its characters was written.

A condition is put together from several places: appended parts, and lists whose items stand elsewhere. Each part is a
Piece that knows its own place, so a position in the whole leads back to file, line and column.
"""

from __future__ import annotations

import bisect
import re
from typing import Protocol

from falco.errors import Location
from falco.filter.ast import Place

SNIPPET_LIMIT = 2000
"""Characters of a line that are shown; a place behind them has no snippet, so that huge lines stay cheap."""

_LINE_ENDS = "\n\r\x85\u2028\u2029"
"""Those of YAML 1.1, by which its parser counts lines."""
_LINE_END = re.compile(f"\r\n|[{_LINE_ENDS}]")


class SourceFile:
    """A text file as read: offsets count characters of text, which has no byte order mark."""

    __slots__ = ("_places", "_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] = []
        self._places: dict[tuple[int, int], Place] = {}

    def place(self, offset: int, width: int = 1) -> Place:
        """The place of width characters from offset on; the same object for the same question."""
        key = (offset, width)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = self._make_place(offset, width)
        return found

    def _make_place(self, offset: int, width: int) -> Place:
        starts = self._starts or self._find_lines()
        line = bisect.bisect_right(starts, offset)
        start = starts[line - 1]
        column = offset - start + 1
        snippet = self.line(line) if column <= SNIPPET_LIMIT else ""
        return Place(Location(self.path, line, column), snippet, width)

    def _find_lines(self) -> list[int]:
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(self.text))]
        return self._starts

    def line(self, line: int) -> str:
        """A line without its end, cut at SNIPPET_LIMIT."""
        starts = self._starts or self._find_lines()
        start, end = starts[line - 1], starts[line] if line < len(starts) else len(self.text)
        return self.text[start : min(end, start + SNIPPET_LIMIT)].rstrip(_LINE_ENDS)


class Piece(Protocol):
    """A part of a condition that stands somewhere in a file."""

    text: str

    def locate(self, index: int) -> tuple[SourceFile, int]:
        """The file, and the offset in it, of text[index]; an index behind the end means the end."""


class Verbatim:
    """A whole file's text as one piece: a condition that stands in no YAML."""

    __slots__ = ("file", "text")

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.text = file.text

    def locate(self, index: int) -> tuple[SourceFile, int]:
        """The file and index itself."""
        return self.file, min(index, len(self.text))


class Text:
    """A condition's whole text, built from pieces from left to right."""

    __slots__ = ("_bases", "_lists", "_parts", "_pieces", "_starts", "length", "text")

    def __init__(self) -> None:
        self.text = ""
        self.length = 0
        self._parts: list[str] = []
        self._starts: list[int] = []
        self._pieces: list[Piece] = []
        self._bases: list[int] = []
        self._lists: dict[int, tuple[str, Piece, int]] = {}

    def add(self, piece: Piece, start: int, end: int) -> None:
        """Append piece.text[start:end]."""
        self._starts.append(self.length)
        self._pieces.append(piece)
        self._bases.append(start)
        self._parts.append(piece.text[start:end])
        self.length += end - start

    def add_list(self, items: Piece, name: str, piece: Piece, at: int) -> None:
        """Append a list's items in place of its name, which stands in piece.text at an index."""
        self._lists[self.length] = (name, piece, at)
        self.add(items, 0, len(items.text))

    def list_at(self, index: int) -> tuple[str, Place] | None:
        """The list whose items begin at text[index], and where its name stands; None if none does."""
        found = self._lists.get(index)
        if found is None:
            return None
        name, piece, at = found
        file, offset = piece.locate(at)
        return name, file.place(offset, len(name))

    def add_blank(self) -> None:
        """Append one space, which belongs to the end of the piece before it."""
        self._parts.append(" ")
        self.length += 1

    def finish(self) -> Text:
        """Join what was added; nothing may be added any more."""
        self.text = "".join(self._parts)
        self._parts.clear()
        return self

    def locate(self, index: int) -> tuple[SourceFile, int]:
        """The file, and the offset in it, of text[index]; so that a text can be a piece of another one."""
        i = bisect.bisect_right(self._starts, index) - 1
        return self._pieces[i].locate(self._bases[i] + index - self._starts[i])

    def place(self, start: int, end: int) -> Place:
        """Where text[start:end] was written; the width stops at the end of the piece that start is in."""
        i = bisect.bisect_right(self._starts, start)
        if i < len(self._starts):
            end = min(end, self._starts[i])
        file, offset = self.locate(start)
        return file.place(offset, max(1, end - start))


def verbatim(text: str, path: str) -> Text:
    """A condition that was given as it is, on the command line for instance."""
    return stripped(Verbatim(SourceFile(path, text)), "")


def stripped(piece: Piece, blanks: str | None = None) -> Text:
    """A piece alone, without the blanks around it."""
    whole = Text()
    start = len(piece.text) - len(piece.text.lstrip(blanks))
    whole.add(piece, start, max(start, len(piece.text.rstrip(blanks))))
    return whole.finish()
