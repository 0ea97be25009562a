"""The automaton finds what plain searching finds."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.capture.probe.automaton import (
    MOST_CLASSES,
    MOST_STATES,
    MOST_TESTS,
    ROW_SIZE,
    TooLargeError,
    build,
)
from falco.filter.superset import Text

LETTERS = st.lists(st.sampled_from([b"a", b"b", b"/", b"/etc", b"x\xff"]), min_size=0, max_size=5).map(b"".join)
TEXTS = st.frozensets(st.builds(Text, LETTERS, st.booleans(), st.booleans()), max_size=4)


@given(st.lists(TEXTS, max_size=6), LETTERS.map(lambda rest: b"/" + rest))
def test_it_meets_the_tests_whose_texts_are_found(tests, path):
    expected = sum(any(text.found(path) for text in test) << bit for bit, test in enumerate(tests))
    assert build(tests).run(path) == expected


@given(st.lists(TEXTS, max_size=4), LETTERS.map(lambda rest: b"/" + rest), st.integers(0, 9))
def test_its_rows_say_the_same(tests, path, first):
    automaton = build(tests)
    rows = automaton.rows(first)
    row = struct.Struct(f"={MOST_CLASSES}HQ")
    assert {len(each) for each in rows} == {ROW_SIZE}
    state = first + 1
    met = row.unpack(rows[state - first])[-1]
    for byte in path + b"\0":
        state = row.unpack(rows[state - first])[automaton.classes[byte]]
        met |= row.unpack(rows[state - first])[-1]
    assert met == automaton.run(path)


def test_a_text_that_is_the_end_of_another_is_found_within_it():
    both = build([frozenset((Text(b"/etc/shadow", begins=True),)), frozenset((Text(b"shadow", ends=True),))])
    assert both.run(b"/etc/shadow") == 3
    assert both.run(b"/x/etc/shadow") == 2
    assert both.run(b"/etc/shadow-") == 1


@pytest.mark.parametrize(
    "tests",
    [
        [frozenset((Text(b"a"),))] * (MOST_TESTS + 1),
        [frozenset((Text(bytes(range(1, MOST_CLASSES + 1))),))],
        [frozenset(Text(str(i).encode() * 10, begins=True) for i in range(MOST_STATES))],
    ],
)
def test_what_does_not_fit_is_refused(tests):
    with pytest.raises(TooLargeError):
        build(tests)
