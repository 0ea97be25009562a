from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hypothesis import given

from falco.filter.ast import And, Node, Not, Or
from falco.filter.candidates import Plan, Planner, Projections, bits_of
from falco.filter.fold import Terms
from falco.filter.interpret import evaluate, evaluate_on
from tests.unit.filter.conditions import compare, conditions, events, rule_sets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from falco.events.event import Event


def canonical(terms: Terms, rules: Sequence[Node]) -> list[Node]:
    return [node for rule in rules if not isinstance(node := terms.canonical(rule), bool)]


@given(conditions, events)
def test_a_projection_holds_wherever_the_condition_does(condition: Node, event: Event) -> None:
    terms = Terms()
    for node in canonical(terms, [condition]):
        for wanted in (True, False):
            if evaluate(node, event) is wanted:
                for said in Projections(terms).of(node, wanted).values():
                    assert evaluate(said, event)


def after(plan: Plan, event: Event, everyone: int) -> int:
    """The bits that are left after all steps."""
    may = everyone
    for step in plan.steps:
        value = step.field.extract(event)
        says = step.answers.get(value, step.otherwise)
        says |= sum(bits for condition, bits in step.inexact if evaluate_on(condition, value))
        may &= says
    return may


@given(rule_sets(), events)
def test_steps_and_what_they_leave_open_are_the_conditions(rules: list[Node], event: Event) -> None:
    terms = Terms()
    nodes = canonical(terms, rules)
    plan = Planner(terms).plan(nodes)
    may = after(plan, event, (1 << len(nodes)) - 1)
    for i, node in enumerate(nodes):
        holds = bool(may >> i & 1) and all(evaluate(part, event) for part in plan.open[i])
        assert holds is evaluate(node, event)


def test_rules_about_different_names_are_told_apart_by_one_look_up() -> None:
    terms = Terms()
    failed = compare("evt.failed", "=", False)
    rules = [And((failed, compare("proc.name", "=", name))) for name in "abc"]
    rules.append(And((failed, Not(compare("proc.name", "in", frozenset("ab"))))))
    plan = Planner(terms).plan(canonical(terms, rules))
    (first,) = plan.steps
    assert first.field.key == "proc.name"
    assert first.answers == {"a": 0b0001, "b": 0b0010, "c": 0b1100, None: 0b1000}
    assert first.otherwise == 0b1000
    assert first.inexact == ()
    assert plan.open == ((failed,),) * 4


def test_alternatives_narrow_by_the_fields_that_all_of_them_test() -> None:
    terms = Terms()
    node = Or(
        (
            And((compare("proc.name", "=", "a"), compare("fd.num", ">", 0))),
            And((compare("proc.name", "=", "b"), compare("fd.name", "=", "x"))),
        )
    )
    said = Projections(terms).of(cast("Node", terms.canonical(node)))
    assert said == {"proc.name": compare("proc.name", "in", frozenset("ab"))}


def test_a_single_rule_is_not_worth_a_step() -> None:
    terms = Terms()
    assert Planner(terms).plan([compare("proc.name", "=", "a")]).steps == ()


def test_bits_are_listed_lowest_first() -> None:
    assert list(bits_of(0b10110)) == [1, 2, 4]
