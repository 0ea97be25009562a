from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from falco.engine.failure import RuleFailure
from falco.engine.interpreted import InterpretedRuleset
from falco.engine.ruleset import Ruleset
from falco.errors import FalcoError
from falco.events.syscalls import SYSCALL_NAMES, codes_named
from falco.events.table import EVENT_TABLE, GENERIC_X
from falco.filter.ast import And, Not, Or
from falco.filter.evttypes import ALL, EventTypes
from tests.unit.engine.rules import bound_rule, on
from tests.unit.filter.conditions import VALUES, FakeEvent, compare, event, rule_sets

if TYPE_CHECKING:
    from falco.engine.bind import BoundRule
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.filter.ast import Node

CODES = (2, 3, 6, 7, 12, 13)
TYPES = st.one_of(
    st.just(ALL), st.sets(st.sampled_from(CODES), min_size=1).map(lambda codes: on(*codes)), st.just(on(calls=(4, 7)))
)
MADVISE = codes_named("madvise")[0]


class Generic(FakeEvent):
    """A generic event; its first parameter is the number of the system call."""

    num = 9

    def raw(self, index: int) -> bytes:
        return int(cast("int", self.values["call"])).to_bytes(2, "little")


def generic(call: int, **values: object) -> Event:
    named = {name.replace("_", "."): value for name, value in values.items()}
    return cast("Event", Generic({"call": call, **named}, GENERIC_X))


@st.composite
def some_events(draw: st.DrawFn) -> Event:
    """An event of a code that rules name, its evt.type what the constant of that field says of the code."""
    values = draw(st.fixed_dictionaries({}, optional={name: st.none() | each for name, each in VALUES.items()}))
    if draw(st.booleans()):
        call = draw(st.sampled_from((4, 7, 9, 60000)))
        values["evt.type"] = SYSCALL_NAMES[call] if call < len(SYSCALL_NAMES) else "<unknown>"
        return cast("Event", Generic({**values, "call": call}, GENERIC_X))
    code = draw(st.sampled_from(CODES))
    if code < 10:
        values["evt.type"] = f"type{code}"
    return cast("Event", FakeEvent(values, code))


def typed(conditions: list[Node], types: list[EventTypes]) -> list[BoundRule]:
    return [bound_rule(f"rule {i}", node, types[i % len(types)]) for i, node in enumerate(conditions)]


@given(rule_sets(12), st.lists(TYPES, min_size=1, max_size=4), st.lists(some_events(), min_size=1, max_size=3))
@settings(max_examples=60)
def test_compiled_and_interpreted_rules_agree(
    conditions: list[Node], types: list[EventTypes], events: list[Event]
) -> None:
    rules = typed(conditions, types)
    compiled, interpreted = Ruleset(rules, all_events=True), InterpretedRuleset(rules, all_events=True)
    assert compiled.codes <= interpreted.codes
    assert compiled.syscalls <= interpreted.syscalls
    for seen in events:
        assert compiled.match(seen) is interpreted.match(seen)


def names(*found: Rule | None) -> list[str | None]:
    return [None if rule is None else rule.name for rule in found]


@pytest.mark.parametrize("kind", [Ruleset, InterpretedRuleset])
def test_the_first_rule_of_those_that_run_on_the_event_wins(kind: type[Ruleset] | type[InterpretedRuleset]) -> None:
    rules = kind(
        [
            bound_rule("open only", compare("proc.name", "=", "a"), on(2, 3)),
            bound_rule("any", compare("proc.name", "in", frozenset("ab"))),
            bound_rule("never first", compare("proc.name", "=", "a"), on(6)),
            bound_rule("madvise", compare("fd.num", "=", 1), on(calls=(MADVISE,))),
        ],
        all_events=True,
    )
    assert names(*(rules.match(event(code, proc_name="a")) for code in (2, 3, 6))) == ["open only", "open only", "any"]
    assert names(rules.match(event(3, proc_name="c")), rules.match(event(3))) == [None, None]
    assert names(rules.match(generic(MADVISE, fd_num=1)), rules.match(generic(MADVISE + 1, fd_num=1))) == [
        "madvise",
        None,
    ]
    assert names(rules.match(generic(60000, proc_name="b"))) == ["any"]


def test_codes_where_nothing_can_match_are_left_out() -> None:
    of_type = compare("evt.type", "=", "type3")
    rules = Ruleset([bound_rule("a", And((of_type, compare("fd.num", "=", 1))), on(2, 3, 6))])
    assert rules.codes == {3}
    assert rules.syscalls == frozenset()
    assert rules.match(event(2, fd_num=1)) is None
    assert names(rules.match(event(3, fd_num=1))) == ["a"]


def test_system_calls_are_known_by_name_before_there_is_an_event() -> None:
    condition = And((compare("evt.type", "=", "madvise"), compare("fd.num", "=", 1)))
    rules = Ruleset([bound_rule("a", condition)], all_events=True)
    assert rules.syscalls == {MADVISE}
    assert names(rules.match(generic(MADVISE, fd_num=1, evt_type="madvise"))) == ["a"]


def test_codes_with_the_same_conditions_share_their_code() -> None:
    some, other = compare("fd.num", "=", 1), compare("evt.type", "=", "type3")
    rules = Ruleset([bound_rule("a", Or((some, other)), on(2, 3, 6, 7))], all_events=True)
    text = rules.code_text()
    assert text.count("def match_") == 2
    shared = " ".join(EVENT_TABLE[code].symbol.lower() for code in (2, 6, 7))
    assert f"# {shared}\ndef match_syscall_open_e(event):\n" in text
    assert names(*(rules.match(event(code, fd_num=1)) for code in (2, 3, 6))) == ["a"] * 3
    assert names(*(rules.match(event(code, fd_num=2)) for code in (2, 3, 6))) == [None, "a", None]


def test_printed_code_is_ascii_and_names_the_rules_in_comments_only() -> None:
    text = Ruleset([bound_rule("bad\nname'é", compare("proc.name", "=", "é\nimport os"), on(3))]).code_text()
    assert text.isascii()
    assert text.startswith('# Rules by index:\n# 0: "bad\\nname\'\\xe9"\n')
    assert "\nimport" not in text


def test_a_rule_that_fails_is_named() -> None:
    numbered = [And((compare("proc.name", "=", name), Not(compare("fd.num", ">", 3)))) for name in "abcd"]
    for kind in (Ruleset, InterpretedRuleset):
        rules = kind([bound_rule(f"rule {i}", node, on(3)) for i, node in enumerate(numbered)])
        wrong = event(3, proc_name="c", fd_num="x")
        wrong.num = 5
        with pytest.raises(RuleFailure) as raised:
            rules.match(wrong)
        assert str(raised.value).startswith('rules.yaml:6:9: rule "rule 2" could not be evaluated on event 5: ')
        assert isinstance(raised.value.__cause__, TypeError)


def test_what_is_wrong_with_the_event_itself_is_passed_on() -> None:
    class BadError(FalcoError):
        pass

    class Broken(FakeEvent):
        @property
        def values(self) -> dict[str, object]:
            raise BadError("garbled")

        @values.setter
        def values(self, values: dict[str, object]) -> None: ...

    for kind in (Ruleset, InterpretedRuleset):
        with pytest.raises(BadError):
            kind([bound_rule("a", compare("fd.num", "=", 1), on(3))]).match(cast("Event", Broken({}, 3)))
