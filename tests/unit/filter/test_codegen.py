from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings

from falco.filter.codegen import Code, Compiler, compile_filter
from falco.filter.fold import Terms
from falco.filter.interpret import evaluate
from tests.unit.filter.conditions import conditions, events, rule_sets

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.filter.ast import Node


def compiled(rules: list[Node]) -> Code:
    terms = Terms()
    folded = [(i, terms.canonical(rule)) for i, rule in enumerate(rules)]
    return Compiler(terms).compile("match_1", "open >", [(i, node) for i, node in folded if not isinstance(node, bool)])


def first(rules: list[Node], event: Event) -> int:
    terms = Terms()
    return next(
        (i for i, rule in enumerate(rules) if not isinstance(terms.canonical(rule), bool) and evaluate(rule, event)),
        -1,
    )


@given(conditions, events)
def test_a_compiled_filter_holds_exactly_when_the_interpreted_one_does(condition: Node, event: Event) -> None:
    assert compile_filter(condition)(event) is evaluate(condition, event)


@given(rule_sets(), events)
@settings(max_examples=300)
def test_the_first_rule_that_holds_is_found(rules: list[Node], event: Event) -> None:
    assert compiled(rules).match(event) == first(rules, event)


@given(rule_sets(), events)
def test_no_field_is_extracted_twice(rules: list[Node], event: Event) -> None:
    compiled(rules).match(event)
    assert max(event.reads.values(), default=0) <= 1  # type: ignore[attr-defined]
