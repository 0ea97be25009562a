from __future__ import annotations

import pytest

from falco.filter.ast import And, Not, Or
from falco.filter.interpret import evaluate, evaluate_on
from tests.unit.filter.conditions import compare, comparison, event


@pytest.mark.parametrize("op", ["=", "!=", "<", ">", "contains", "in", "exists"])
def test_a_missing_value_makes_every_comparison_false_and_not_turns_it(op: str) -> None:
    test = compare("proc.name", op, frozenset("a") if op == "in" else "a")
    assert not evaluate(test, event())
    assert evaluate(Not(test), event())


def test_an_empty_text_is_a_value() -> None:
    assert evaluate(compare("proc.name", "exists"), event(proc_name=""))
    assert evaluate(compare("proc.name", "=", ""), event(proc_name=""))


def test_either_end_satisfies_but_both_must_differ() -> None:
    ports = event(fd_port=(80, 1024))
    assert evaluate(compare("fd.port", "=", 80), ports)
    assert evaluate(compare("fd.port", ">", 1000), ports)
    assert not evaluate(compare("fd.port", "!=", 80), ports)
    assert evaluate(compare("fd.port", "!=", 81), ports)


def test_any_ancestor_satisfies_also_when_it_must_differ() -> None:
    ancestors = event(proc_aname=("bash", "sshd"))
    assert evaluate(compare("proc.aname", "!=", "bash"), ancestors)
    assert not evaluate(compare("proc.aname", "!=", "bash"), event(proc_aname=("bash",)))
    assert not evaluate(compare("proc.aname", "!=", "bash"), event(proc_aname=()))
    assert not evaluate(compare("proc.aname", "exists"), event(proc_aname=()))


def test_groups_stop_at_the_first_answer() -> None:
    first, second = compare("proc.name", "=", "a"), compare("fd.name", "=", "b")
    for group, name in ((And((first, second)), "x"), (Or((first, second)), "a")):
        seen = event(proc_name=name)
        evaluate(group, seen)
        assert seen.reads == {"proc.name": 1}  # type: ignore[attr-defined]


def test_a_condition_on_one_field_can_be_asked_about_a_value() -> None:
    condition = Or((compare("fd.num", "<", 0), compare("fd.num", "=", 7)))
    assert [evaluate_on(condition, value) for value in (-1, 0, 7, None)] == [True, False, True, False]


def test_what_is_not_bound_is_refused() -> None:
    with pytest.raises(TypeError, match="Comparison"):
        evaluate(comparison("proc.name", "=", "a"), event())
