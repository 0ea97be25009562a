"""Joining supersets, and what they let through."""

from __future__ import annotations

import pytest

from falco.filter import superset as module
from falco.filter.superset import ALWAYS, NEVER, How, Level, Number, Text, Where, both, either, passes

NUMBERS = {Number.WRITES: 0, Number.READS: 1, Number.FD: 3}


def test_joining_keeps_no_part_twice_nor_one_that_another_makes_needless():
    a, b = (Where(frozenset((Text(text),))) for text in (b"a", b"b"))
    assert either((a, b, a)) == either((a, b))
    assert either((a, both((a, b)))) == a
    assert both((a, either((a, b)))) == a
    assert both((a, either((both((a, b)), both((a, module.Level(2))))))) == both((a, either((b, module.Level(2)))))
    assert either((a, ALWAYS)) == ALWAYS
    assert both((a, NEVER)) == NEVER
    assert either(()) == NEVER
    assert both(()) == ALWAYS


def test_the_tests_of_paths_are_listed_once():
    a, b = (Where(frozenset((Text(text),))) for text in (b"a", b"b"))
    three, four = (How(Number.FD, "=", number) for number in (3, 4))
    assert module.tests_of(either((both((three, a)), both((four, either((a, b))))))) == (a, b)


@pytest.mark.parametrize(
    ("superset", "path", "answer"),
    [
        (ALWAYS, b"/", True),
        (NEVER, None, False),
        (Where(frozenset((Text(b"/a", begins=True),))), b"/ab", True),
        (Where(frozenset((Text(b"/a", begins=True),)), negated=True), b"/ab", False),
        (Where(frozenset((Text(b"/a", begins=True),)), negated=True), None, True),
        (Level(2), b"/a/b", True),
        (Level(2), b"/a", False),
        (Level(2), None, True),
        (How(Number.FD, "<", 3), b"/", False),
        (How(Number.FD, "<", 3, negated=True), b"/", True),
    ],
)
def test_what_passes(superset, path, answer):
    assert passes(superset, path, NUMBERS) is answer
