from __future__ import annotations

import pytest

from falco.engine.compiler import RuleCompiler
from falco.engine.documents import parse_document
from falco.engine.itemreader import read_items
from falco.engine.merge import Definitions
from falco.engine.rule import Priority
from falco.filter.ast import And, Comparison

RULE = "- rule: {}\n  condition: {}\n  output: ' o '\n  desc: d\n  priority: error\n{}"


def compiled(*items, all_events=False):
    definitions = Definitions(Priority.DEBUG)
    definitions.add_all(read_items(parse_document("".join(items).encode(), "f"), 3)[0])
    compiler = RuleCompiler(definitions, ("proc.name",), all_events=all_events)
    return compiler, compiler.compile()


def rule(condition, name="r", more=""):
    return RULE.format(name, condition, more)


def macro(name, condition, more=""):
    return f"- macro: {name}\n  condition: {condition}\n{more}"


def fields(unread):
    assert isinstance(unread.condition, And)
    return [test.field.name for test in unread.condition.children if isinstance(test, Comparison)]


def told(compiler):
    return [(problem.item, problem.message.partition(" in filter:")[0]) for problem in compiler.problems]


def test_a_rule_without_mistakes():
    compiler, (found,) = compiled(macro("m", "proc.name=x"), rule("evt.type=open and m"))
    assert (found.name, found.output.text, str(compiler.event_types["r"])) == ("r", "o", "open")
    assert (compiler.problems, compiler.unread) == ([], [])


@pytest.mark.parametrize(
    ("items", "read", "mistakes"),
    [
        ((rule("a.b = = c and d.e=f"),), ["d.e"], ["syntax error, unexpected '='"]),
        ((rule("a.b=c and nothing"),), ["a.b"], ["Undefined macro 'nothing' used in filter."]),
        (
            (rule("a.b=c and nothing and d.e f"),),
            ["a.b"],
            ["syntax error, unexpected 'f'", "Undefined macro 'nothing' used in filter."],
        ),
        ((macro("m", "g.h=i and"), rule("m and a.b=c")), ["g.h", "a.b"], ["syntax error, unexpected end of condition"]),
        (
            (rule("evt.type=opn and x"),),
            ["evt.type"],
            ["Undefined macro 'x' used in filter.", 'Unknown event/syscall "opn"'],
        ),
        (
            (rule("evt.type=close and x"),),
            ["evt.type"],
            ['Ignored event "close" in rule: r', "Undefined macro 'x' used in filter."],
        ),
        ((rule("a.b=c and x", more="  source: k8s_audit\n"),), ["a.b"], ["Undefined macro 'x' used in filter."]),
        ((rule(""),), [], []),
    ],
)
def test_what_can_be_read_of_a_rule_whose_condition_cannot_be_used(items, read, mistakes):
    compiler, rules = compiled(*items)
    (unread,) = compiler.unread
    assert (rules, unread.name, unread.output.text, fields(unread)) == ((), "r", "o", read)
    assert sorted(message for _, message in told(compiler)) == sorted(mistakes)
    assert compiler.event_types == {}


def test_a_rule_that_may_be_skipped_is_not_looked_at_without_its_condition():
    compiler, rules = compiled(rule("a.b = = c and evt.type=opn", more="  skip-if-unknown-filter: true\n"))
    assert (rules, compiler.unread) == ((), [])
    assert told(compiler) == [('rule "r"', "syntax error, unexpected '='")]


def test_ignored_events_of_a_macro_are_told_also_when_it_is_broken():
    compiler, _ = compiled(macro("m", "evt.type=close and"), macro("n", "evt.type=close"))
    assert told(compiler) == [
        ('macro "m"', "syntax error, unexpected end of condition"),
        ('macro "m"', 'Ignored event "close" in macro: evt.type=close and'),
        ('macro "n"', 'Ignored event "close" in macro: evt.type=close'),
    ]
    assert len(compiled(macro("n", "evt.type=close"), all_events=True)[0].problems) == 0


def test_items_with_the_key_all_events_may_name_ignored_events():
    key = "  all_events: true\n"
    compiler, rules = compiled(macro("m", "evt.type=close", more=key), rule("m", more=key))
    assert told(compiler) == []
    assert [each.all_events for each in rules] == [True]
    compiler, _ = compiled(macro("m", "evt.type=close", more=key), rule("m"))
    assert told(compiler) == [('rule "r"', 'Ignored event "close" in rule: r')]
