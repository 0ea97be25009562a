"""A YAML scalar with the way back from its value to the characters of the file, whatever its style."""

from __future__ import annotations

import bisect
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.filter.ast import Place
    from falco.filter.source import SourceFile

# YAML 1.1's line breaks and blanks. Other Unicode spaces are content.
_BLANKS = " \t\r\n\x85\u2028\u2029"
_WORD = re.compile(f"[^{_BLANKS}]+")
_PROPERTIES = re.compile(f"(?:[!&][^{_BLANKS}]*[{_BLANKS}]+)+")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_ESCAPE_LENGTH = {"x": 4, "u": 6, "U": 10}
_ESCAPED_BLANKS = frozenset(" \ttnrNLP")


class Scalar:
    """text is the value; the file holds it, as written in style ('' plain, or one of ' " | >), from start to end."""

    __slots__ = ("_raws", "_values", "end", "file", "start", "style", "text")

    def __init__(self, text: str, file: SourceFile, start: int, end: int, style: str = "") -> None:
        self.text = text
        self.file = file
        self.start = start
        self.end = end
        self.style = style
        self._values: list[int] | range | None = None
        self._raws: list[int] = []

    @property
    def null(self) -> bool:
        """Whether YAML means no value by it."""
        return not self.style and self.text in _NULLS

    @property
    def place(self) -> Place:
        """The place of the value as a whole: its first character, on that line."""
        first = len(self.text) - len(self.text.lstrip())
        _, offset = self.locate(first if first < len(self.text) else 0)
        return self.file.place(offset, max(1, min(self.end, offset + len(self.text)) - offset))

    def locate(self, index: int) -> tuple[SourceFile, int]:
        """The file, and the offset in it, of text[index]; an index behind the end means the end."""
        if self._values is None:
            self._align()
        assert self._values is not None
        i = bisect.bisect_right(self._values, index) - 1
        if i < 0:
            return self.file, self._raws[0] if self._raws else self.start
        return self.file, min(self._raws[i] + index - self._values[i], self.end)

    def _align(self) -> None:
        raw = self.file.text[self.start : self.end]
        skip = _content_start(raw, self.style)
        if (self.style == '"' and "\\" in raw) or (self.style == "'" and "''" in raw[1:-1]):
            self._values = range(len(self.text))
            offsets = _align_characters(self.text, raw, skip, self.style)
        else:
            self._values, offsets = _align_words(self.text, raw, skip)
        self._raws = [self.start + offset for offset in offsets]


def _content_start(raw: str, style: str) -> int:
    properties = _PROPERTIES.match(raw)
    skip = properties.end() if properties else 0
    if style in ("|", ">"):
        # The header line holds the indicator, perhaps a digit and a sign, and perhaps a comment.
        return raw.find("\n", skip) + 1
    return skip + len(style)


def _align_words(value: str, raw: str, at: int) -> tuple[list[int], list[int]]:
    """Where each word begins in the value and in the raw text: folding and indentation change only what is between."""
    values, raws = [], []
    for match in _WORD.finditer(value):
        word = match.group()
        at = max(at, raw.find(word, at))
        values.append(match.start())
        raws.append(at)
        at += len(word)
    return values, raws


def _align_characters(value: str, raw: str, at: int, style: str) -> list[int]:
    """The raw offset of each character of a quoted value with escapes, folded or not."""
    skip = _skip_escaped if style == '"' else _skip_blanks
    offsets = []
    for character in value:
        at = skip(raw, at, character)
        offsets.append(at)
        at += _written_length(raw, at, style)
    return offsets


def _skip_blanks(raw: str, at: int, character: str) -> int:
    """Go over line ends and indentation up to where character is written; a blank is where the first blank is."""
    if character and character in _BLANKS:
        return at
    while at < len(raw) and raw[at] in _BLANKS:
        at += 1
    return at


def _skip_escaped(raw: str, at: int, character: str) -> int:
    """The same between double quotes, where a backslash may join lines or stand for a blank."""
    while at < len(raw):
        if raw[at] == "\\" and raw[at + 1 : at + 2] in ("\n", "\r"):
            at = _skip_blanks(raw, at + 1, "")
        elif character in _BLANKS or (raw[at] not in _BLANKS and raw[at] != "\\"):
            return at
        elif raw[at] == "\\":
            if raw[at + 1 : at + 2] not in _ESCAPED_BLANKS:
                return at
            at += 2
        else:
            at += 1
    return at


def _written_length(raw: str, at: int, style: str) -> int:
    if style == "'":
        return 2 if raw[at : at + 2] == "''" else 1
    if raw[at : at + 1] == "\\":
        return _ESCAPE_LENGTH.get(raw[at + 1 : at + 2], 2)
    return 1
