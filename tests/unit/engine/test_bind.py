from __future__ import annotations

from falco.engine.bind import bind_rules
from falco.engine.rule import UnreadRule
from falco.filter.ast import And
from falco.filter.evttypes import ALL
from falco.filter.source import verbatim
from tests.unit.engine.rules import on, rule
from tests.unit.filter.conditions import PLACE, REGISTRY, comparison

GOOD = comparison("proc.name", "=", "a")
UNKNOWN = comparison("proc.nobody", "=", "a")
WRONG = comparison("fd.num", "=", "a")


def test_rules_of_the_source_are_bound_with_their_event_types() -> None:
    types = on(3)
    bound = bind_rules(
        (rule("one", GOOD), rule("audit", GOOD, "k8s_audit"), rule("two", GOOD)), REGISTRY, {"one": types}
    )
    assert [(each.rule.name, each.types) for each in bound.rules] == [("one", types), ("two", ALL)]
    assert not bound.problems
    assert not bound.skipped


def test_a_rule_may_be_skipped_for_an_unknown_field_only() -> None:
    bound = bind_rules(
        (rule("skipped", And((UNKNOWN, WRONG)), skip=True), rule("wrong", WRONG, skip=True), rule("good", GOOD)),
        REGISTRY,
        {},
    )
    assert [each.rule.name for each in bound.rules] == ["good"]
    assert bound.skipped == ('Skipping rule "skipped" that contains unknown filter proc.nobody',)
    assert [(each.item, each.message) for each in bound.problems] == [('rule "wrong"', "a is not a valid number")]


def test_a_mistake_that_rules_share_is_told_once_in_the_words_of_0_15() -> None:
    bound = bind_rules((rule("one", UNKNOWN), rule("two", And((UNKNOWN, WRONG)))), REGISTRY, {})
    assert [each.message for each in bound.problems] == [
        'Rule "one" contains unknown filter proc.nobody',
        "a is not a valid number",
    ]
    assert bound.problems[0].location == PLACE.location
    assert bound.rules == ()


def test_what_can_be_read_of_other_rules_is_checked_too() -> None:
    output = verbatim("", "f")
    unread = (
        UnreadRule("half", And((UNKNOWN, GOOD, WRONG)), output, "syscall"),
        UnreadRule("audit", WRONG, output, "k8s_audit"),
        UnreadRule("nothing", And(()), output, "syscall"),
    )
    bound = bind_rules((rule("one", UNKNOWN),), REGISTRY, {}, unread)
    assert [(each.item, each.message) for each in bound.problems] == [
        ("", 'Rule "one" contains unknown filter proc.nobody'),
        ('rule "half"', "a is not a valid number"),
    ]
    assert bound.rules == ()
