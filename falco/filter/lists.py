"""Lists: their items spliced into each other, and their text put into conditions in place of their names.

0.15 replaces text, so a list works inside brackets, beside them and within quotes (engine/lua/compiler.lua,
expand_lists_in). Here names are taken literally and every occurrence counts, which there depended on Lua's patterns.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from falco.filter.source import SourceFile, Text

if TYPE_CHECKING:
    from falco.filter.scalar import Scalar

MAX_TEXT = 2 << 20
"""Characters of a list or of a condition after expansion: lists of lists must not grow without bound."""

_DELIMITERS = " \t\n\v\f\r(),="
_WORD = f"[^{_DELIMITERS}]+"


class TooLargeError(Exception):
    """A list or condition has more than MAX_TEXT characters after expansion."""


class ExpandedList:
    """The items of a list, joined by comma and space as they go into conditions; a Piece."""

    __slots__ = ("_starts", "items", "text")

    def __init__(self, items: Sequence[Scalar]) -> None:
        if sum(len(item.text) + 2 for item in items) > MAX_TEXT:
            raise TooLargeError
        self.items = tuple(items)
        self.text = ", ".join(item.text for item in items)
        self._starts: list[int] = []

    def locate(self, index: int) -> tuple[SourceFile, int]:
        """The place of the item that text[index] belongs to; a separator belongs to the item before it."""
        if not self._starts:
            start = 0
            for item in self.items:
                self._starts.append(start)
                start += len(item.text) + 2
        i = bisect.bisect_right(self._starts, index) - 1
        item = self.items[i]
        return item.locate(min(index - self._starts[i], len(item.text)))


class Lists:
    """The lists defined so far, by name, in order, and which of them something refers to."""

    def __init__(self) -> None:
        self._by_name: dict[str, ExpandedList] = {}
        self._used: set[str] = set()
        self._pattern = re.compile(_WORD)

    def define(self, name: str, items: Iterable[Scalar]) -> None:
        """Add a list; items that are names of earlier lists give their items. Raises TooLargeError."""
        spliced: list[Scalar] = []
        budget = MAX_TEXT
        for item in items:
            other = self._by_name.get(item.text)
            if other is None:
                spliced.append(item)
                continue
            self._used.add(item.text)
            budget -= len(other.text)
            if budget < 0:
                raise TooLargeError
            spliced.extend(other.items)
        self._by_name[name] = ExpandedList(spliced)
        if re.search(f"[{_DELIMITERS}]", name):
            self._pattern = self._pattern_for_odd_names()

    def _pattern_for_odd_names(self) -> re.Pattern[str]:
        odd = sorted((n for n in self._by_name if re.search(f"[{_DELIMITERS}]", n)), key=len, reverse=True)
        names = "|".join(map(re.escape, odd))
        return re.compile(f"(?<![^{_DELIMITERS}])(?:{names})(?![^{_DELIMITERS}])|{_WORD}")

    def expand(self, parts: Sequence[Scalar]) -> Text:
        """The condition that the parts make, joined by blanks, with lists in place of their names.

        A part that is nothing but a list's name is left alone: 0.15 takes it for a macro. Raises TooLargeError.
        """
        whole = Text()
        for number, part in enumerate(parts):
            if number:
                whole.add_blank()
            self._expand_part(whole, part)
            if whole.length > MAX_TEXT:
                raise TooLargeError
        return whole.finish()

    def _expand_part(self, whole: Text, part: Scalar) -> None:
        done, text = 0, part.text
        for match in self._pattern.finditer(text):
            found = self._by_name.get(match.group())
            if found is None or len(match.group()) == len(text):
                continue
            self._used.add(match.group())
            whole.add(part, done, match.start())
            whole.add_list(found, match.group(), part, match.start())
            done = match.end()
            if whole.length > MAX_TEXT:
                raise TooLargeError
        whole.add(part, done, len(text))

    @property
    def unused(self) -> tuple[str, ...]:
        """Names that no rule, macro or list refers to."""
        return tuple(name for name in self._by_name if name not in self._used)
