from __future__ import annotations

import dataclasses

import pytest

from falco.engine.select import Selection, select_rules, unmatched
from falco.errors import FalcoError, RulesError
from falco.filter.parser import parse_condition
from tests.unit.engine.rules import rule

CONDITION = parse_condition("evt.type = open")


def tagged(name, *tags, enabled=True):
    return dataclasses.replace(rule(name, CONDITION), tags=tags, enabled=enabled)


RULES = (tagged("one", "a"), tagged("two (x+)", "a", "b"), tagged("three", "b", enabled=False), tagged("four"))


def chosen(**options):
    return [rule.name for rule in select_rules(RULES, Selection(**options))]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["one", "two (x+)", "four"]),
        ({"disabled_patterns": ("one",)}, ["two (x+)", "four"]),
        ({"disabled_patterns": ("on",)}, ["one", "two (x+)", "four"]),
        ({"disabled_patterns": ("t.*", "[[:alpha:]]{4}")}, ["one"]),
        ({"disabled_patterns": (r"two \(x\+\)",)}, ["one", "four"]),
        ({"disabled_patterns": (".*",)}, []),
        ({"disabled_tags": ("a",)}, ["four"]),
        ({"disabled_tags": ("b", "c")}, ["one", "four"]),
        ({"disabled_tags": ("a",), "disabled_patterns": ("four",)}, []),
        ({"enabled_tags": ("a",)}, ["one", "two (x+)"]),
        ({"enabled_tags": ("b",)}, ["two (x+)", "three"]),
        ({"enabled_tags": ("c",)}, []),
    ],
)
def test_rules_run_in_load_order(options, names):
    assert chosen(**options) == names


@pytest.mark.parametrize("other", [{"disabled_patterns": ("one",)}, {"disabled_tags": ("b",)}])
def test_enabling_and_disabling_exclude_each_other(other):
    with pytest.raises(FalcoError, match=r"You can not specify both disabled \(-D/-T\) and enabled \(-t\) rules"):
        chosen(enabled_tags=("a",), **other)


def test_every_bad_pattern_is_reported():
    with pytest.raises(RulesError) as caught:
        chosen(disabled_patterns=("(", "fine", "*x"))
    assert [p.message.split(": not a")[0] for p in caught.value.problems] == ["-D (", "-D *x"]


def test_options_that_apply_to_no_rule_are_told():
    selection = Selection(("one", "on", "t.*"), ("a", "nope"), ())
    assert [(p.severity, p.message) for p in unmatched(RULES, selection)] == [
        ("warning", "-D on: no rule has such a name"),
        ("warning", "-T nope: no rule has this tag"),
    ]
    (problem,) = unmatched(RULES, Selection((), (), ("b", "c")))
    assert problem.message == "-t c: no rule has this tag"
