"""Supersets joined."""

from __future__ import annotations

import dataclasses

import pytest

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.joining import both, either
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, NEVER, How, Level, Number, Text, Where
from falco.filter.vocabulary import FDS
from falco.filter.weaken import superset_of
from falco.filter.weaken_traits import TRAITS

SUCCEEDS, PORT, NAME = How(Number.RESULT, ">=", 0), How(Number.SERVER_PORT, "=", 22), Where(frozenset((Text(b"a"),)))


def superset(text):
    return superset_of([check(parse_condition(text, "test"), SYSCALL_FIELDS)], {**FDS, **TRAITS})


def test_joining_keeps_no_part_twice_nor_one_that_another_makes_needless():
    a, b = (Where(frozenset((Text(text),))) for text in (b"a", b"b"))
    assert either((a, b, a)) == either((a, b))
    assert either((a, both((a, b)))) == a
    assert both((a, either((a, b)))) == a
    assert both((a, either((both((a, b)), both((a, Level(2))))))) == both((a, either((b, Level(2)))))
    assert either((a, ALWAYS)) == ALWAYS
    assert both((a, NEVER)) == NEVER
    assert either(()) == NEVER
    assert both(()) == ALWAYS


def opposite(part):
    return dataclasses.replace(part, negated=not part.negated)


@pytest.mark.parametrize("part", [SUCCEEDS, PORT, How(Number.KIND, "&", 3)])
def test_a_comparison_and_its_opposite_never_hold_together(part):
    assert both((NAME, part, opposite(part))) == NEVER
    assert both((part, either((opposite(part), NAME)))) == both((part, NAME))
    assert both((part, either((both((opposite(part), Level(2))), NAME)))) == both((part, NAME))
    assert both((part, either((opposite(part), both((opposite(part), NAME)))))) == NEVER


def test_an_operator_stands_for_a_negated_one():
    assert both((NAME, opposite(SUCCEEDS))) == both((NAME, How(Number.RESULT, "<", 0)))
    assert either((opposite(PORT), How(Number.SERVER_PORT, "!=", 22), NAME)) == either((opposite(PORT), NAME))


def test_tests_of_paths_have_no_opposite_as_they_may_be_of_several_fields():
    assert both((NAME, opposite(NAME))) != NEVER


@pytest.mark.parametrize(
    "text",
    [
        "fd.sport = 22 and fd.sport != 22",
        "container.id != host and not container.id != host",
        "evt.rawres >= 0 and evt.rawres < 0",
        "proc.name = a and (not proc.name = a or (not proc.name = a and fd.num = 3))",
    ],
)
def test_rules_that_cannot_match_let_nothing_through(text):
    assert superset(text) == NEVER
