from __future__ import annotations

import dataclasses

import pytest

from falco.engine.describe import describe_rules
from falco.errors import RulesError
from falco.filter.parser import parse_condition
from tests.unit.engine.rules import rule

BASE = dataclasses.replace(rule("Short", parse_condition("evt.type = open")), description="It says so.")
LONG = dataclasses.replace(BASE, name="Long", description="word " * 30)


def test_table_has_a_heading_and_wraps_descriptions():
    lines = describe_rules([BASE, LONG]).split("\n")
    assert lines[0] == ""
    assert lines[1] == "Rule" + " " * 47 + "Description"
    assert lines[2] == "----" + " " * 47 + "-----------"
    assert lines[3:5] == ["Short" + " " * 46 + "It says so.", ""]
    described = lines[5:-2]
    assert described[0].startswith("Long" + " " * 47 + "word")
    assert [line[:51].strip() for line in described[1:]] == [""] * (len(described) - 1)
    assert max(len(line) for line in described) <= 51 + 60
    assert " ".join(line[51:] for line in described) == LONG.description.strip()


def test_one_rule_can_be_asked_for():
    assert "Short" not in describe_rules([BASE, LONG], "Long")


def test_an_empty_description_leaves_the_name():
    assert describe_rules([dataclasses.replace(BASE, description="")]).split("\n")[3] == "Short"


def test_unknown_name_is_an_error():
    with pytest.raises(RulesError) as caught:
        describe_rules([BASE, LONG], "Shot")
    assert caught.value.problems[0].message == "No such rule: Shot"
    assert caught.value.problems[0].nearest == "Short"
