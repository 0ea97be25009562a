from __future__ import annotations

from falco.engine.interpreted import InterpretedRuleset
from falco.filter.ast import Or
from tests.unit.engine.rules import bound_rule, on
from tests.unit.filter.conditions import compare, event


def test_rules_are_tried_in_order_until_one_holds() -> None:
    seen = event(3, proc_name="b", fd_num=1)
    rules = [
        bound_rule("first", compare("proc.name", "=", "a"), on(3)),
        bound_rule("second", Or((compare("proc.name", "=", "b"), compare("user.uid", "=", 0))), on(3)),
        bound_rule("third", compare("fd.num", "=", 1), on(3)),
    ]
    found = InterpretedRuleset(rules).match(seen)
    assert found is rules[1].rule
    assert seen.reads == {"proc.name": 2}  # type: ignore[attr-defined]


def test_it_says_which_events_it_wants() -> None:
    rules = InterpretedRuleset([bound_rule("a", compare("fd.num", "=", 1), on(3, calls=(7,)))], all_events=True)
    assert rules.codes == {0, 1, 3}
    assert rules.syscalls == {7}
