from __future__ import annotations

import pytest

from falco.errors import Location
from falco.filter.scalar import Scalar
from falco.filter.source import SNIPPET_LIMIT, SourceFile, Text, stripped, verbatim


@pytest.mark.parametrize(
    ("offset", "line", "column", "snippet"),
    [(0, 1, 1, "ab"), (1, 1, 2, "ab"), (2, 1, 3, "ab"), (3, 2, 1, ""), (5, 3, 1, "cd"), (7, 3, 3, "cd")],
)
def test_place_counts_lines_and_columns_from_one(offset, line, column, snippet):
    place = SourceFile("f", "ab\n\r\ncd").place(offset)
    assert place.location == Location("f", line, column)
    assert place.snippet == snippet


def test_same_question_gives_the_same_place():
    file = SourceFile("f", "abc")
    assert file.place(1, 2) is file.place(1, 2)


def test_huge_line_shows_its_begin_and_nothing_for_places_behind_it():
    file = SourceFile("f", "x" * (3 * SNIPPET_LIMIT))
    assert len(file.place(5).snippet) == SNIPPET_LIMIT
    assert file.place(2 * SNIPPET_LIMIT).snippet == ""


def test_text_leads_back_to_each_piece():
    file = SourceFile("f", "one: abc\ntwo: defg\n")
    first, second = Scalar("abc", file, 5, 8), Scalar("defg", file, 14, 18)
    text = Text()
    text.add(first, 0, 3)
    text.add_blank()
    text.add(second, 1, 4)
    text.finish()
    assert text.text == "abc efg"
    assert str(text.place(2, 3).location) == "f:1:8"
    assert str(text.place(4, 7).location) == "f:2:7"
    assert text.place(4, 7).width == 3


def test_width_ends_with_the_piece():
    file = SourceFile("f", "abc\ndef")
    text = Text()
    text.add(Scalar("abc", file, 0, 3), 0, 3)
    text.add(Scalar("def", file, 4, 7), 0, 3)
    assert text.finish().place(1, 6).width == 2


def test_verbatim_text_is_its_own_file():
    assert str(verbatim("a\nbc", "<filter>").place(3, 4).location) == "<filter>:2:2"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028"])
def test_lines_end_where_yaml_ends_them(end):
    place = SourceFile("f", f"a{end}bc{end}d").place(2 + len(end), 1)
    assert (place.location, place.snippet) == (Location("f", 2, 2), "bc")


def test_a_text_can_be_a_piece_and_can_lose_its_blanks():
    file = SourceFile("f", "x\n  ab cd  \n")
    inner = stripped(Scalar("  ab cd  ", file, 2, 11))
    outer = Text()
    outer.add(verbatim("-", "g"), 0, 1)
    outer.add(inner, 1, 5)
    assert (inner.text, outer.finish().text) == ("ab cd", "-b cd")
    assert str(outer.place(3, 5).location) == "f:2:6"
    assert stripped(Scalar("   ", file, 2, 5)).text == ""
