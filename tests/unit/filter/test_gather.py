"""Supersets made smaller let through the same or, where there is no room, more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from falco.filter.gather import coarse, gathered, size
from falco.filter.joining import both, either
from falco.filter.superset import ALWAYS, How, Level, Number, Path, Text, Where, passes

WRITES, INET = How(Number.WRITES, "=", 1), How(Number.KIND, "=", 1)
A, B = (Where(frozenset((Text(text, begins=True),))) for text in (b"/a", b"/b"))
AB = Where(A.texts | B.texts)
TEXTS = st.builds(Text, st.sampled_from([b"/a", b"b", b"/a/b"]), st.booleans(), st.booleans())
WHERES = st.builds(Where, st.frozensets(TEXTS, min_size=1, max_size=2), st.booleans())
NAMES = st.sampled_from([Number.WRITES, Number.RESULT, Number.SERVER_PORT])
HOWS = st.builds(How, NAMES, st.sampled_from(["=", "!=", "<"]), st.integers(0, 2), st.booleans())
PARTS = st.recursive(
    st.one_of(WHERES, HOWS, st.builds(Level, st.integers(0, 3))),
    lambda inner: st.one_of(st.lists(inner, max_size=4).map(either), st.lists(inner, max_size=4).map(both)),
    max_leaves=12,
)
PATHS = st.sampled_from([Path(), Path(b"/a"), Path(b"/a/b"), Path(b"/"), Path(last=b"a"), Path(last=b"b")])
NUMBERS = st.dictionaries(NAMES, st.integers(-1, 3), max_size=3)


def test_what_rules_share_is_tested_once():
    rules = either((both((WRITES, A)), both((INET, A)), both((WRITES, B))))
    assert gathered(rules) == either((both((WRITES, AB)), both((INET, A))))
    assert size(gathered(rules)) == 4


def test_negated_texts_that_all_have_to_be_missing_become_one():
    none = [Where(each.texts, negated=True) for each in (A, B)]
    assert gathered(both((WRITES, *none))) == both((WRITES, Where(AB.texts, negated=True)))


def test_without_room_it_is_not_tested_how_deep_paths_lie():
    assert coarse(either((both((A, Level(2))), both((B, Level(3)))))) == AB
    assert coarse(Level(1)) == ALWAYS


@given(PARTS, PATHS, NUMBERS)
def test_the_same_passes(superset, path, numbers):
    assert passes(gathered(superset), [path], numbers) is passes(superset, [path], numbers)


@given(PARTS, PATHS, PATHS, NUMBERS)
def test_the_same_passes_of_calls_with_two_paths(superset, one, other, numbers):
    assert passes(gathered(superset, one_path=False), [one, other], numbers) is passes(superset, [one, other], numbers)


def test_two_paths_may_each_lack_a_text_that_the_other_has():
    none = both(Where(each.texts, negated=True) for each in (A, B))
    assert gathered(none, one_path=False) == none
    paths = [Path(b"/a"), Path(b"/b")]
    assert passes(none, paths, {})
    assert not passes(gathered(none), paths, {})


@given(PARTS, PATHS, NUMBERS)
def test_what_passes_passes_the_looser_one(superset, path, numbers):
    assert passes(coarse(superset), [path], numbers) or not passes(superset, [path], numbers)


@given(PARTS, PATHS, PATHS, NUMBERS)
def test_what_passes_passes_the_looser_one_of_calls_with_two_paths(superset, one, other, numbers):
    looser = coarse(superset, one_path=False)
    assert passes(looser, [one, other], numbers) or not passes(superset, [one, other], numbers)
