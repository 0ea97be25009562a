"""What is told about mistakes in the syntax of conditions."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco import errors
from falco.errors import Problem

if TYPE_CHECKING:
    from falco.filter.ast import Comparison, MacroRef

END_OF_TEXT = "end of condition"
_OTHER_SPELLINGS = {
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "~": "not",
    "is": "=",
    "like": "glob",
    "intersects": "in",
    "matches": "glob",
    "startwith": "startswith",
    "endwith": "endswith",
}


Tests = tuple["Comparison | MacroRef", ...]
"""The tests of a condition from left to right, without what joins them."""


class ConditionSyntaxError(Exception):
    """The condition does not follow the grammar; problem says where and what was expected.

    Behind it more is read as far as that can be: tests are all that could be, more are mistakes that stand for
    themselves.
    """

    def __init__(self, problem: Problem, at: int = 0) -> None:
        self.problem, self.at = problem, at
        self.tests: Tests = ()
        self.more: tuple[Problem, ...] = ()
        super().__init__(problem.message)


def undefined_macro(ref: MacroRef, known: Iterable[str] = (), expected: tuple[str, ...] = ()) -> Problem:
    """The problem of a name that stands for no macro, or for none yet."""
    if ref.from_list:
        expected = (f"a macro, or list {ref.from_list} in brackets behind in",)
    return Problem(
        f"Undefined macro '{ref.name}' used in filter.",
        ref.place.location,
        ref.place.snippet,
        ref.place.width,
        expected=expected,
        nearest=errors.nearest(ref.name, known),
        code="undefined-macro",
    )


def shown_word(word: str) -> str:
    """A word of a condition for a message: what cannot be seen by its name, none as the end."""
    if not word or word.isprintable():
        return f"'{word}'" if word else END_OF_TEXT
    return " ".join(f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip() for character in word)


def nearest_word(word: str, expected: tuple[str, ...]) -> str:
    """What of expected a word was meant to be, '' if that is not known."""
    meant = _OTHER_SPELLINGS.get(word.lower(), word.lower())
    if meant in expected:
        return meant
    return errors.nearest(meant, [token for token in expected if token.isalpha()]) if word.isalpha() else ""
