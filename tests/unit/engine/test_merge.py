from __future__ import annotations

import pytest

from falco.engine.documents import parse_document
from falco.engine.itemreader import read_items
from falco.engine.merge import Definitions
from falco.engine.rule import Priority


def merged(*files, minimum_priority=Priority.DEBUG):
    definitions = Definitions(minimum_priority)
    for number, text in enumerate(files):
        items, problems = read_items(parse_document(text.encode(), f"file{number}"), 3)
        assert [p for p in problems if p.code not in ("missing-key", "bad-value")] == []
        definitions.add_all(items)
    return definitions


def rule(name, condition="c", priority="error"):
    return f"- rule: {name}\n  condition: {condition}\n  output: o\n  desc: d\n  priority: {priority}\n"


def append(kind, name, what):
    return (
        f"- {kind}: {name}\n  {'items: [' + what + ']' if kind == 'list' else 'condition: ' + what}\n  append: true\n"
    )


def texts(by_name):
    return {name: known and known.text for name, known in by_name.items()}


def test_a_later_definition_takes_the_place_of_an_earlier_one():
    definitions = merged(rule("A") + rule("B"), rule("C") + rule("A", "other"))
    assert texts(definitions.rules) == {"A": "other", "B": "c", "C": "c"}
    assert list(definitions.rules) == ["A", "B", "C"]


def test_conditions_are_appended_with_a_blank():
    definitions = merged(
        rule("A") + "- macro: m\n  condition: >\n    a\n",
        append("rule", "A", "and d") + append("macro", "m", "or b") + append("rule", "A", "or e"),
    )
    assert texts(definitions.rules) == {"A": "c and d or e"}
    assert texts(definitions.macros) == {"m": "a\n or b"}


def test_list_items_are_appended():
    definitions = merged("- list: l\n  items: [a]\n", append("list", "l", "b, c"))
    known = definitions.lists["l"]
    assert known is not None
    assert [item.text for item in known.items] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (append("list", "my_list", "a"), "List my_list has 'append' key but no list by that name already exists"),
        (append("macro", "m", "a"), "Macro m has 'append' key but no macro by that name already exists"),
        (append("rule", "A", "a"), "Rule A has 'append' key but no rule by that name already exists"),
    ],
)
def test_appending_to_nothing_is_one_error(text, message):
    assert [p.message for p in merged(text, text).problems] == [message]


def test_what_was_perhaps_meant_is_told():
    text = rule("Write below etc") + "- macro: opened\n  condition: c\n" + append("macro", "openned", "or c")
    found = merged(text + append("rule", "Write bellow etc", "a") + "- rule: Write below ect\n  enabled: false\n")
    assert [problem.nearest for problem in found.problems] == ["opened", "Write below etc", "Write below etc"]


def test_a_switch_changes_nothing_but_whether_the_rule_runs():
    definitions = merged(rule("A") + rule("B"), "- rule: A\n  enabled: false\n", append("rule", "A", "and d"))
    assert texts(definitions.rules) == {"A": "c and d", "B": "c"}
    assert list(definitions.rules) == ["A", "B"]
    assert [known and known.item.enabled for known in definitions.rules.values()] == [False, True]


def test_the_last_switch_counts_and_a_definition_behind_it_starts_anew():
    switches = "- rule: A\n  enabled: false\n- rule: B\n  enabled: false\n- rule: B\n  enabled: true\n"
    definitions = merged(rule("A") + rule("B") + switches + rule("A"))
    assert [known and known.item.enabled for known in definitions.rules.values()] == [True, True]


def test_a_switch_needs_a_rule_before_it():
    switch = "- rule: A\n  enabled: true\n"
    definitions = merged(switch + rule("A"))
    assert [p.message for p in definitions.problems] == [
        "Rule A has 'enabled' key but no rule by that name already exists"
    ]
    assert merged(rule("A", priority="info") + switch, minimum_priority=Priority.WARNING).problems == []
    assert merged("- rule: A\n" + switch).problems == []


def test_rules_below_the_minimum_priority_are_left_out_with_what_is_appended_to_them():
    definitions = merged(
        rule("A", priority="info") + rule("B", priority="error"),
        append("rule", "A", "and d"),
        minimum_priority=Priority.WARNING,
    )
    assert (list(definitions.rules), definitions.problems) == (["B"], [])


def test_a_definition_below_the_minimum_priority_leaves_an_earlier_one():
    definitions = merged(rule("A"), rule("A", "other", "info"), minimum_priority=Priority.WARNING)
    assert texts(definitions.rules) == {"A": "c"}


def test_what_is_broken_stays_known():
    broken = "- rule: A\n  append: true\n- macro: m\n- list: l\n"
    appended = append("rule", "A", "x") + append("macro", "m", "x") + append("list", "l", "x")
    definitions = merged(broken, appended)
    assert definitions.problems == []
    assert [definitions.rules, definitions.macros, definitions.lists] == [{"A": None}, {"m": None}, {"l": None}]
