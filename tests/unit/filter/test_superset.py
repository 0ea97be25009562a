"""What supersets let through."""

from __future__ import annotations

import pytest

from falco.filter import superset as module
from falco.filter.joining import both, either
from falco.filter.superset import (
    ALWAYS,
    NEVER,
    UNKNOWN_PATH,
    How,
    Level,
    Number,
    Param,
    Path,
    Text,
    Where,
    passes,
)

NUMBERS: dict[Number | Param, int] = {Number.WRITES: 0, Number.READS: 1, Number.FD: 3}


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
    assert passes(superset, [Path(whole=path)], NUMBERS) is answer


@pytest.mark.parametrize(
    ("text", "last", "answer"),
    [
        (Text(b"/a/b", begins=True, ends=True), b"b", True),
        (Text(b"/a/b", begins=True, ends=True), b"xb", False),
        (Text(b"a/b", ends=True), b"b", True),
        (Text(b"a/b", ends=True), b"ab", False),
        (Text(b".so", ends=True), b"x.so", True),
        (Text(b".so", ends=True), b"x.so.1", False),
        (Text(b"/a", begins=True), b"x", True),
        (Text(b"a"), b"x", True),
    ],
)
def test_of_a_path_whose_end_is_known_alone(text, last, answer):
    assert passes(Where(frozenset((text,))), [Path(last=last)], {}) is answer
    assert passes(Where(frozenset((text,)), negated=True), [Path(last=last)], {}) is True


@pytest.mark.parametrize(
    "test", [Where(frozenset((Text(b"b"),))), Where(frozenset((Text(b"a"),)), negated=True), Level(2)]
)
def test_of_two_paths_either_may_meet_a_test(test):
    one, other = Path(b"/b/c"), Path(b"/a")
    assert passes(test, [one, other], {})
    assert passes(test, [other, one], {})
    assert passes(test, [other, Path()], {})
    assert not passes(test, [other, other], {})


@pytest.mark.parametrize("negated", [False, True])
def test_what_is_not_known_passes(negated):
    text = frozenset((Text(b"/a", begins=True, ends=True),))
    assert passes(Where(text, negated), UNKNOWN_PATH, {})
    assert passes(How(Number.SERVER_PORT, "=", 22, negated), UNKNOWN_PATH, {})
    assert passes(How(Param("mode"), "&", 1, negated), UNKNOWN_PATH, {Param("flags"): 0})


def test_bits_and_masks():
    assert passes(How(Param("mode"), "&", 0o4000), UNKNOWN_PATH, {Param("mode"): 0o4755})
    assert not passes(How(Param("mode"), "&", 0o4000), UNKNOWN_PATH, {Param("mode"): 0o755})
    net = How(Number.SERVER, "=", 0x0A000000, mask=0xFF000000)
    assert passes(net, UNKNOWN_PATH, {Number.SERVER: 0x0A010203})
    assert not passes(net, UNKNOWN_PATH, {Number.SERVER: 0x0B010203})
