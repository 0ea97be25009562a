from __future__ import annotations

from typing import Any

import pytest

from falco.engine.failure import RuleFailure
from falco.engine.held import left_of, remains_of
from falco.errors import FalcoError
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.interpret import evaluate
from falco.filter.parser import parse_condition
from falco.state.containers import Container
from falco.state.state import State
from tests.events import Builder, process
from tests.unit.engine.rules import rule


def opened(state):
    state.add_thread(process(7, comm="cat"))
    state.threads[7].container_id = "c"
    return Builder(state, tid=7).event("SYSCALL_OPEN_X", fd=3, name="/etc/shadow")


def condition(text):
    return check(parse_condition(text, "x"), SYSCALL_FIELDS)


def test_what_remains_answers_what_is_fetched_and_nothing_else():
    state = State()
    event = opened(state)
    node = condition("proc.name = cat and container.name = web")
    left = left_of(rule("R", node), node, event)
    assert not isinstance(left, bool)
    remains = remains_of(event, "c")
    assert (remains.ts, remains.num, remains.code) == (event.ts, event.num, event.code)
    state.threads[7].comm = "other"
    assert not evaluate(left, remains)
    state.containers["c"] = Container("c", 0, name="web")
    assert evaluate(left, remains)
    node = condition("proc.name = other or container.name = x")
    assert left_of(rule("R", node), node, event) is True


@pytest.mark.parametrize(("raised", "told"), [(KeyError("x"), RuleFailure), (FalcoError("y"), FalcoError)])
def test_a_condition_that_cannot_be_evaluated_names_its_rule(raised, told):
    class Odd:
        num = 7

        @property
        def thread(self):
            raise raised

    odd: Any = Odd()
    node = condition("proc.name = cat")
    with pytest.raises(told) as caught:
        left_of(rule("R", node), node, odd)
    assert type(caught.value) is told
    assert ('rule "R"' in str(caught.value)) is (told is RuleFailure)
