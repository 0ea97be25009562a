from __future__ import annotations

import pytest

from falco.engine.documents import parse_document
from falco.engine.itemreader import read_items
from falco.engine.items import Broken, ListItem, MacroItem, RuleAppend, RuleItem, RuleSwitch
from falco.engine.rule import Priority

RULE = "- rule: R\n  condition: c\n  output: o\n  desc: d\n  priority: error\n"


def read(text):
    return read_items(parse_document(text.encode(), "f"), 3)


def problems(text):
    return [(p.severity, p.message, str(p.location)) for p in read(text)[1]]


def test_rule_with_defaults():
    (rule,), found = read(RULE)
    assert found == []
    assert isinstance(rule, RuleItem)
    assert rule.condition is not None
    assert (rule.name.text, rule.condition.text, rule.output.text, rule.description) == ("R", "c", "o", "d")
    assert (rule.priority, rule.priority_text, rule.source, rule.tags) == (Priority.ERROR, "error", "syscall", ())
    assert (rule.enabled, rule.warn_evttypes, rule.skip_if_unknown_filter) == (True, True, False)
    assert not rule.all_events


def test_rule_with_every_key():
    more = (
        "  source: k8s_audit\n  tags: [a, 1]\n  enabled: false\n  warn_evttypes: no\n"
        "  skip-if-unknown-filter: 'true'\n  append: false\n  all_events: yes\n"
    )
    (rule,), found = read(RULE + more)
    assert found == []
    assert isinstance(rule, RuleItem)
    assert (rule.source, rule.tags) == ("k8s_audit", ("a", "1"))
    assert (rule.enabled, rule.warn_evttypes, rule.skip_if_unknown_filter) == (False, False, True)
    assert rule.all_events


@pytest.mark.parametrize(
    ("text", "kind", "append"),
    [
        ("- list: l\n  items: [a]\n", ListItem, False),
        ("- list: l\n  items: [a]\n  append: true\n", ListItem, True),
        ("- macro: m\n  condition: c\n", MacroItem, False),
        ("- macro: m\n  condition: c\n  append: yes\n", MacroItem, True),
        ("- macro: m\n  condition: c\n  append: false\n", MacroItem, False),
        ("- macro: m\n  condition: c\n  append:\n", MacroItem, False),
    ],
)
def test_lists_and_macros(text, kind, append):
    (item,), found = read(text)
    assert found == []
    assert isinstance(item, kind)
    assert item.append is append


@pytest.mark.parametrize(("word", "enabled"), [("true", True), ("no", False)])
def test_a_rule_with_only_enabled_is_a_switch(word, enabled):
    (item,), found = read(f"- rule: R\n  enabled: {word}\n")
    assert found == []
    assert isinstance(item, RuleSwitch)
    assert (item.name.text, item.enabled) == ("R", enabled)


def test_what_a_switch_does_not_do_is_told():
    text = "- rule: R\n  enabled: false\n  tags: [a]\n  source: syscall\n"
    assert problems(text) == [
        ("warning", "key 'tags' is ignored in an item that only turns a rule on or off", "f:3:3"),
        ("warning", "key 'source' is ignored in an item that only turns a rule on or off", "f:4:3"),
    ]
    assert [message for _, message, _ in problems("- rule: R\n  enabled: maybe\n")] == [
        "enabled is neither true nor false"
    ]


@pytest.mark.parametrize("other", ["condition: c", "output: o", "desc: d", "priority: error"])
def test_a_rule_with_enabled_and_some_of_what_it_needs_is_no_switch(other):
    missing = [message for _, message, _ in problems(f"- rule: R\n  enabled: false\n  {other}\n")]
    assert len(missing) == 3
    assert all(message.startswith("Missing ") for message in missing)


def test_appending_rule_needs_a_condition_only():
    (item,), found = read("- rule: R\n  condition: and c\n  append: true\n")
    assert (type(item), found) == (RuleAppend, [])


def test_first_known_key_decides_what_an_item_is():
    (item,), _ = read("- rule: R\n  list: l\n  items: []\n")
    assert isinstance(item, ListItem)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("- required_engine_version: 4\n", "Rules require engine version 4, but engine version is 3", "f:1:28"),
        ("- required_engine_version: new\n", "required_engine_version is not a number", "f:1:28"),
        ("- macro: m\n", "Missing condition in macro with name m", "f:1:10"),
        ("- macro: m\n  condition:\n", "Missing condition in macro with name m", "f:2:3"),
        ("- macro: {a: b}\n  condition: c\n", "Missing name in macro", "f:1:10"),
        ("- list: l\n", "Missing items in list with name l", "f:1:9"),
        ("- list: l\n  items: a\n", "items is not a list", "f:2:10"),
        ("- list: l\n  items: [a, [b]]\n", "an element of items is not a word or number", "f:2:14"),
        ("- list: l\n  items:\n  - a\n  -\n", "an element of items is empty", "f:4:4"),
        ("- rule:\n", "Missing name in rule", "f:1:8"),
        ("- rule: [R]\n", "Missing name in rule", "f:1:9"),
        ("- rule: R\n  append: true\n", "Missing condition in rule with name R", "f:1:9"),
        (RULE.replace("error", "Fatal"), "Invalid priority level: fatal", "f:5:13"),
        (RULE + "  enabled: 3\n", "enabled is neither true nor false", "f:6:12"),
        (RULE + "  tags: a\n", "tags is not a list", "f:6:9"),
        (RULE + "  source: [a]\n", "source is not text", "f:6:11"),
        (RULE.replace("condition: c", "condition: [c]"), "condition is not text", "f:2:14"),
        ("- foo\n", "Unexpected element of type string. Each element should be a yaml associative array.", "f:1:3"),
        ("- [a]\n", "Unexpected element of type list. Each element should be a yaml associative array.", "f:1:3"),
        ("-\n", "Unexpected element of type nil. Each element should be a yaml associative array.", "f:1:2"),
        ("- a: b\n  c: [d]\n", 'Unknown rule object: {a="b", c=[...]}', "f:1:3"),
        ("just text\n", 'Rules content "just text" is not yaml', "f:1:1"),
        ("a: b\n", "Rules content is one yaml associative array, not a list of them", "f:1:1"),
    ],
)
def test_errors(text, message, place):
    assert problems(text) == [("error", message, place)]


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (RULE + "  tag: [a]\n", "unknown key 'tag' is ignored", "f:6:3"),
        (RULE + "  desc: e\n", "key 'desc' stands here again; this last one counts", "f:6:3"),
        (RULE + "  source: other\n", "no event comes from source 'other', so this is never run", "f:6:11"),
        ("- macro: m-n\n  condition: c\n", "no condition can name the macro 'm-n'", "f:1:10"),
    ],
)
def test_warnings_leave_the_item_usable(text, message, place):
    (item,), found = read(text)
    assert not isinstance(item, Broken)
    assert [(p.severity, p.message, str(p.location)) for p in found] == [("warning", message, place)]


def test_all_that_a_rule_lacks_is_reported_at_once():
    (item,), found = read("- rule: R\n  priority: x\n  tags: y\n  enabled: z\n")
    assert isinstance(item, RuleItem)
    assert (item.condition, item.output.text) == (None, "")
    assert [p.message for p in found] == [
        "Missing condition in rule with name R",
        "Missing output in rule with name R",
        "Missing desc in rule with name R",
        "Invalid priority level: x",
        "tags is not a list",
        "enabled is neither true nor false",
    ]


def test_nearest_keys_are_suggested():
    assert [p.nearest for p in read("- marco: m\n- list: l\n  items: []\n  apend: true\n")[1]] == ["macro", "append"]


@pytest.mark.parametrize(
    ("key", "near"),
    [("description", "desc"), ("override", "append"), ("Severity", "priority"), ("conditions", "condition")],
)
def test_keys_by_another_name_are_recognized(key, near):
    assert [problem.nearest for problem in read(f"{RULE}  {key}: x\n")[1]] == [near]
    assert read(f"- list: l\n  items: []\n  {key}: x\n")[1][0].nearest == (near if near == "append" else "")


def test_what_an_appended_rule_cannot_add_is_told():
    text = "- rule: R\n  append: true\n  condition: and c\n  tags: [x]\n  enabled: false\n"
    ((item,), found) = read(text)
    assert isinstance(item, RuleAppend)
    assert [(p.severity, p.message, str(p.location)) for p in found] == [
        ("warning", "key 'tags' is ignored in a rule that is appended to", "f:4:3"),
        ("warning", "key 'enabled' is ignored in a rule that is appended to", "f:5:3"),
    ]
