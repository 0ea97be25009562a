from __future__ import annotations

import pytest

from falco.errors import Location
from falco.filter.ast import MacroRef, Place
from falco.filter.mistakes import nearest_word, shown_word, undefined_macro

PLACE = Place(Location("f", 1, 7), "a and shell", 5)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("and", "'and'"),
        ("é", "'é'"),
        ("", "end of condition"),
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\x01", "U+0001"),
        ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
    ],
)
def test_a_word_can_be_seen(word, shown):
    assert shown_word(word) == shown


@pytest.mark.parametrize(
    ("word", "expected", "near"),
    [
        ("&&", ("and", "or"), "and"),
        ("AND", ("and", "or"), "and"),
        ("&&", ("=", "in"), ""),
        ("contians", ("contains", "in"), "contains"),
        ("startwith", ("startswith",), "startswith"),
        ("nothing", ("a field", "("), ""),
        ("=>", ("=", ">="), ""),
    ],
)
def test_nearest_word(word, expected, near):
    assert nearest_word(word, expected) == near


def test_an_undefined_macro_says_what_was_perhaps_meant():
    problem = undefined_macro(MacroRef("shell", PLACE), ["shells", "x"])
    assert (problem.message, problem.nearest) == ("Undefined macro 'shell' used in filter.", "shells")
    assert (problem.location, problem.snippet, problem.width) == (PLACE.location, PLACE.snippet, PLACE.width)
    listed = undefined_macro(MacroRef("bash", PLACE, "shell"))
    assert listed.expected == ("a macro, or list shell in brackets behind in",)
