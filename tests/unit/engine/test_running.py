from __future__ import annotations

import dataclasses

from falco.engine.running import GENERIC, Running
from falco.events.syscalls import IGNORED_CODES, SYSCALL_NAMES, codes_named
from falco.events.table import EVENT_TABLE
from falco.events.types import EventFlag
from tests.unit.engine.rules import bound_rule, on
from tests.unit.filter.conditions import compare

SOME = compare("fd.num", "=", 1)
IGNORED = next(t.code for t in EVENT_TABLE if t.flags & EventFlag.DROP_FALCO and t.code not in GENERIC)


def test_rules_run_on_the_events_they_name_in_order() -> None:
    running = Running([bound_rule("a", SOME, on(3, 307)), bound_rule("b", SOME, on(3, calls=(5,)))], all_events=True)
    assert running.by_code == {3: [0, 1], 307: [0]}
    assert running.by_call == {5: [1]}
    assert running.unknown_call == []


def test_a_rule_without_event_types_runs_on_all_but_the_ignored() -> None:
    running = Running([bound_rule("a", SOME)], all_events=False)
    ignored = {t.code for t in EVENT_TABLE if t.flags & EventFlag.DROP_FALCO}
    assert set(running.by_code) == {t.code for t in EVENT_TABLE} - ignored - set(GENERIC)
    assert set(running.by_call) == set(range(len(SYSCALL_NAMES))) - IGNORED_CODES
    assert running.unknown_call == [0]


def test_ignored_events_are_for_those_who_ask_for_all() -> None:
    (call,) = codes_named(next(name for name in SYSCALL_NAMES if set(codes_named(name)) <= IGNORED_CODES))
    rules = [bound_rule("a", SOME, on(IGNORED, calls=(call,)))]
    assert not Running(rules, all_events=False).by_code
    assert not Running(rules, all_events=False).by_call
    assert Running(rules, all_events=True).by_code == {IGNORED: [0]}
    assert Running(rules, all_events=True).by_call == {call: [0]}


def test_a_rule_with_the_key_all_events_looks_at_the_ignored_and_others_do_not() -> None:
    (call,) = codes_named(next(name for name in SYSCALL_NAMES if set(codes_named(name)) <= IGNORED_CODES))
    plain, keyed = (bound_rule(name, SOME, on(IGNORED, calls=(call,))) for name in "ab")
    keyed = dataclasses.replace(keyed, rule=dataclasses.replace(keyed.rule, all_events=True))
    running = Running([plain, keyed], all_events=False)
    assert running.by_code == {IGNORED: [1]}
    assert running.by_call == {call: [1]}
