from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from falco.engine.failure import RuleFailure
from tests.unit.engine.rules import rule
from tests.unit.filter.conditions import compare

if TYPE_CHECKING:
    from falco.events.event import Event

EVENT = cast("Event", SimpleNamespace(num=7))


def test_it_names_the_rule_its_place_and_the_event() -> None:
    failure = RuleFailure(rule("Odd", compare("fd.num", "=", 1)), EVENT, KeyError("x"))
    assert str(failure) == "rules.yaml:3:9: rule \"Odd\" could not be evaluated on event 7: KeyError: 'x'"


def test_it_may_not_know_the_rule() -> None:
    assert str(RuleFailure(None, EVENT, KeyError("x"))).startswith("a rule could not")
