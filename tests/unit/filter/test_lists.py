from __future__ import annotations

import pytest

from falco.filter import lists
from falco.filter.lists import Lists, TooLargeError
from falco.filter.scalar import Scalar
from falco.filter.source import SourceFile


def scalar(text, path="f"):
    return Scalar(text, SourceFile(path, text), 0, len(text))


def defined(**by_name):
    known = Lists()
    for name, items in by_name.items():
        known.define(name, [scalar(item, f"{name}-{item}") for item in items])
    return known


def expanded(known, *parts):
    return known.expand([scalar(part) for part in parts]).text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("f in (l)", "f in (a, b)"),
        ("f in (l,l)", "f in (a, b,a, b)"),
        ("f in (l, m)", "f in (a, b, c)"),
        ("f in (\tl\n)", "f in (\ta, b\n)"),
        ("l or x", "a, b or x"),
        ("f=l", "f=a, b"),
        ("f = 'x l y'", "f = 'x a, b y'"),
        ("f in ('l')", "f in ('l')"),
        ("f in (ll, l2, xl)", "f in (ll, l2, xl)"),
        ("f.l = l.f", "f.l = l.f"),
        ("f in (none)", "f in ()"),
        ("l", "l"),
    ],
)
def test_names_between_delimiters_are_replaced(condition, text):
    assert expanded(defined(l=["a", "b"], m=["c"], none=[]), condition) == text


@pytest.mark.parametrize("name", ["a-b", "a.b", "a%d", "[x]", "two words", "x=y", "(z)"])
def test_names_are_taken_literally(name):
    known = Lists()
    known.define(name, [scalar("%1"), scalar("b\\1")])
    assert expanded(known, f"f in ( {name} ) or axb") == "f in ( %1, b\\1 ) or axb"


def test_items_that_name_an_earlier_list_are_spliced():
    known = defined(first=["a", "later"], second=["x", "first", "y"], later=["z"])
    assert expanded(known, "f in (second)") == "f in (x, a, later, y)"


def test_replaced_text_is_not_looked_at_again():
    assert expanded(defined(l=["m"], m=["c"]), "f in (l)") == "f in (m)"


def test_appended_parts_are_joined_by_a_blank():
    assert expanded(defined(l=["a"]), "f in (l)", "or l") == "f in (a) or a"


def test_places_lead_to_the_item_and_back():
    text = defined(l=["abc", "de"]).expand([scalar("f in (l) or"), scalar("end")])
    assert text.text == "f in (abc, de) or end"
    found = [str(text.place(at, at + 1).location) for at in (0, 6, 8, 11, 12, 13, 15, 18)]
    assert found == ["f:1:1", "l-abc:1:1", "l-abc:1:3", "l-de:1:1", "l-de:1:2", "f:1:8", "f:1:10", "f:1:1"]


def test_unused_lists_are_those_that_nothing_names():
    known = defined(spliced=["a"], used=["spliced"], idle=["b"], own=["own"])
    expanded(known, "f in (used)")
    assert known.unused == ("idle", "own")


def test_lists_of_lists_are_bounded():
    known = Lists()
    known.define("l0", [scalar("x" * 100)])
    with pytest.raises(TooLargeError):
        for level in range(1, 30):
            known.define(f"l{level}", [scalar(f"l{level - 1}") for _ in range(10)])


def test_conditions_are_bounded():
    known = defined(l=["x" * (lists.MAX_TEXT // 100)])
    with pytest.raises(TooLargeError):
        expanded(known, "f in (" + "l," * 200 + ")")
