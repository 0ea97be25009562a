from __future__ import annotations

from falco.engine.documents import parse_document
from falco.engine.itemreader import read_items
from falco.engine.items import Broken, RuleItem

RULE = "- rule: R\n  condition: c\n  output: o\n  desc: d\n  priority: error\n"


def read(text):
    return read_items(parse_document(text.encode(), "f"), 3)


def problems(text):
    return [(p.severity, p.message, str(p.location)) for p in read(text)[1]]


def test_last_of_duplicate_keys_counts():
    (rule,), _ = read(RULE + "  output: other\n")
    assert isinstance(rule, RuleItem)
    assert rule.output.text == "other"


def test_merged_mappings_give_what_is_not_written_itself():
    base = RULE.replace("- rule", "- &base\n  rule")
    items, found = read(base + "- rule: S\n  <<: *base\n  output: other\n- rule: T\n  <<: [*base]\n")
    assert found == []
    rules = [item for item in items if isinstance(item, RuleItem)]
    assert [(rule.name.text, rule.output.text) for rule in rules] == [("R", "o"), ("S", "other"), ("T", "o")]


def test_a_mapping_merged_into_itself_ends():
    (item,), _ = read("- &a\n  macro: R\n  <<: *a\n")
    assert isinstance(item, Broken)
