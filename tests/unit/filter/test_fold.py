from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given

from falco.fields.field import VARIES
from falco.filter.ast import And, Not, Or
from falco.filter.fold import ANYTHING, Distinctions, Terms, conjuncts, leaves_of
from falco.filter.interpret import evaluate
from falco.filter.patterns import Network, Networks, PathPrefixes
from tests.unit.filter.conditions import compare, conditions, event, events

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.filter.ast import BoundField, Node


def truth(terms: Terms, node: Node, event: Event) -> bool:
    folded = terms.canonical(node)
    return folded if isinstance(folded, bool) else evaluate(folded, event)


@given(conditions, events)
def test_the_canonical_form_means_the_same(condition: Node, event: Event) -> None:
    assert truth(Terms(), condition, event) is evaluate(condition, event)


@given(conditions, events)
def test_folding_what_is_known_of_an_event_gives_its_answer(condition: Node, event: Event) -> None:
    terms = Terms()
    canonical = terms.canonical(condition)
    # Only fields that declare constants are folded: evt.type here.
    folded = terms.fold(canonical, lambda field: event.values.get(field.key))  # type: ignore[attr-defined]
    if not isinstance(folded, bool):
        assert "evt.type" not in terms.fields(folded)
        folded = evaluate(folded, event)
    assert folded is evaluate(condition, event)


def test_equal_conditions_become_the_same_object() -> None:
    terms = Terms()

    def make() -> Node:
        return And(
            (
                compare("proc.name", "in", frozenset("ab")),
                Not(Or((compare("fd.num", "=", 1), compare("evt.failed", "=", True)))),
            )
        )

    assert terms.canonical(make()) is terms.canonical(make())
    assert terms.canonical(Not(Not(make()))) is terms.canonical(make())
    assert terms.canonical(And((make(), And((make(), make()))))) is terms.canonical(make())


def test_what_can_never_hold_is_taken_out() -> None:
    terms = Terms()
    never, some = compare("proc.name", "in", frozenset()), compare("fd.num", "=", 1)
    assert terms.canonical(And((some, never))) is False
    assert terms.canonical(Or((some, never))) is terms.canonical(some)
    assert terms.canonical(Or((some, Not(never)))) is True


def test_alternatives_on_one_field_become_one_test() -> None:
    terms = Terms()

    def merged(*tests: tuple[str, str, object]) -> tuple[str, object]:
        (test,) = leaves_of(terms.canonical(Or(tuple(compare(*each) for each in tests))))  # type: ignore[arg-type]
        return test.op, test.operand

    assert merged(("fd.num", "=", 1), ("fd.num", "in", frozenset((2, 3)))) == ("in", frozenset((1, 2, 3)))
    assert merged(("fd.name", "startswith", "/a"), ("fd.name", "startswith", "/b")) == ("startswith", ("/a", "/b"))
    etc, usr = (PathPrefixes.of([path]) for path in ("/etc", "/usr"))
    assert merged(("fd.name", "pmatch", etc), ("fd.name", "pmatch", usr)) == (
        "pmatch",
        PathPrefixes.of(["/etc", "/usr"]),
    )
    one, two = Network(4, 0, 0), Network(16, 0, 0)
    both = Networks(frozenset((one, two)))
    assert merged(*(("fd.snet", "in", Networks(frozenset((net,)))) for net in (one, two))) == ("in", both)


def test_alternatives_on_different_fields_stay() -> None:
    node = Or((compare("fd.name", "=", "a"), compare("proc.name", "=", "a"), compare("fd.name", "contains", "a")))
    assert Terms().canonical(node) == node


def test_constants_decide_a_condition_before_there_is_an_event() -> None:
    terms = Terms()
    node = terms.canonical(And((compare("evt.type", "in", frozenset(("open", "openat"))), compare("fd.num", ">", 0))))

    def known(value: object) -> Node | bool:
        def constants(field: BoundField) -> object:
            return value if field.key == "evt.type" else VARIES

        return terms.fold(node, constants)

    assert known("connect") is False
    assert known(None) is False
    assert known("open") is terms.canonical(compare("fd.num", ">", 0))
    assert known(VARIES) is node


def test_conjuncts_are_what_must_all_hold() -> None:
    terms = Terms()
    one, two = compare("fd.num", ">", 0), compare("proc.name", "=", "a")
    node = terms.canonical(And((one, And((two,)))))
    assert not isinstance(node, bool)
    assert conjuncts(node) == (one, two)
    assert conjuncts(one) == (one,)
    assert conjuncts(ANYTHING) == ()
    assert evaluate(ANYTHING, event())


def test_constants_that_no_test_tells_apart_are_one() -> None:
    distinctions = Distinctions([compare("evt.type", "=", "open"), compare("fd.num", "=", 1), True])

    def of(value: object) -> tuple[int, ...]:
        return distinctions.of(lambda field: value)

    assert of("close") == of("connect") == of(None)
    assert len({of("open"), of("close"), of(VARIES)}) == 3
