"""Comparisons of what threads are, as parts of supersets."""

from __future__ import annotations

import pytest

from falco.fields.field import Scope
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, UNKNOWN_PATH, passes
from falco.filter.vocabulary import OPENS
from falco.filter.weaken import superset_of
from falco.filter.weaken_traits import FIELDS, TRAITS, traits_of, with_traits, without_needless_traits


def superset(text):
    return superset_of([check(parse_condition(text, "test"), SYSCALL_FIELDS)], {**OPENS, **TRAITS})


def said(text):
    return [each.text for each in traits_of(superset(text))]


def test_equal_comparisons_are_one_wherever_and_in_whatever_order_they_are_written():
    one, other = "proc.name in (a, b)", "evt.rawres = 1 and not  proc.name in (b, a)"
    assert set(said(one)) == set(said(other)) == {"proc.name in [\"'a'\", \"'b'\"]"}
    assert said("proc.name = a") != said("proc.name = b") != said("proc.exe = b")


@pytest.mark.parametrize(
    ("text", "holds", "passed"),
    [
        ("proc.name = a", True, True),
        ("proc.name = a", False, False),
        ("not proc.name = a", True, False),
        ("not proc.name = a", False, True),
    ],
)
def test_what_is_known_of_the_thread_decides(text, holds, passed):
    (name,) = said(text)
    assert passes(superset(text), UNKNOWN_PATH, {}, {name: holds}) is passed
    assert passes(superset(text), UNKNOWN_PATH, {}, {"another": False})


def test_what_there_is_no_room_for_holds_always():
    whole = superset("(proc.name = a and user.uid = 0) or group.gid = 5")
    first, second, third = (each.text for each in traits_of(whole))
    assert with_traits(whole, {first, third}) == superset("proc.name = a or group.gid = 5")
    assert with_traits(whole, {first, second}) == with_traits(whole, ()) == ALWAYS


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("fd.name = /a and proc.name = a", "fd.name = /a"),
        ("(fd.name = /a or fd.name = /b) and (proc.name = a or user.uid = 0)", "fd.name = /a or fd.name = /b"),
        ("(fd.name = /a or fd.num = 3) and proc.name = a", "(fd.name = /a or fd.num = 3) and proc.name = a"),
        ("not fd.name = /a and proc.name = a", "not fd.name = /a and proc.name = a"),
        ("(fd.name = /a and proc.name = a) or user.uid = 5", "fd.name = /a or user.uid = 5"),
    ],
)
def test_where_a_path_is_tested_nothing_else_needs_to_be(text, left):
    assert without_needless_traits(superset(text)) == superset(left)


def test_no_field_is_told_that_changes_with_time_or_by_other_processes():
    by_name = {field.name: field for field in SYSCALL_FIELDS}
    assert {by_name[name].scope for name in FIELDS} == {Scope.PROCESS}
    assert not any(by_name[name].fetched for name in FIELDS)
