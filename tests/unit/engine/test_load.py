from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from falco.engine import compiler
from falco.engine.load import collect_rules, load_rules
from falco.engine.rule import Priority
from falco.errors import RulesError
from falco.filter.ast import And, Comparison
from falco.filter.evttypes import warning_text

RULES = Path(__file__).resolve().parents[2] / "functional" / "rules"

# Rule -> the events it is run on, and its warning, as 0.15's own test of its rules file has them.
INFERENCE = {
    "no_warnings": ("execve", ""),
    "no_evttype": ("all", "no-evttype"),
    "evttype_not_equals": ("all", "trailing-evttype"),
    "leading_not": ("all", "trailing-evttype"),
    "not_equals_after_evttype": ("execve", ""),
    "not_after_evttype": ("execve", ""),
    "leading_trailing_evttypes": ("execve,open", ""),
    "leading_multtrailing_evttypes": ("connect,execve,open", ""),
    "leading_multtrailing_evttypes_using_in": ("connect,execve,open", ""),
    "not_equals_at_end": ("all", "trailing-evttype"),
    "not_at_end": ("all", "trailing-evttype"),
    "not_before_trailing_evttype": ("all", "trailing-evttype"),
    "not_equals_before_trailing_evttype": ("all", "trailing-evttype"),
    "not_equals_and_not": ("all", "trailing-evttype"),
    "not_equals_before_in": ("all", "trailing-evttype"),
    "not_before_in": ("all", "trailing-evttype"),
    "not_in_before_in": ("all", "trailing-evttype"),
    "evttype_in": ("execve,open", ""),
    "evttype_in_plus_trailing": ("connect,execve,open", ""),
    "leading_in_not_equals_before_evttype": ("all", "trailing-evttype"),
    "leading_in_not_equals_at_evttype": ("all", "trailing-evttype"),
    "not_with_evttypes": ("all", "trailing-evttype"),
    "not_with_evttypes_addl": ("all", "trailing-evttype"),
    "not_equals_before_evttype": ("all", "trailing-evttype"),
    "not_equals_before_in_evttype": ("all", "trailing-evttype"),
    "not_before_evttype": ("all", "trailing-evttype"),
    "not_before_evttype_using_in": ("all", "trailing-evttype"),
    "repeated_evttypes": ("open", ""),
    "repeated_evttypes_with_in": ("open", ""),
    "repeated_evttypes_with_separate_in": ("open", ""),
    "repeated_evttypes_with_mix": ("open", ""),
}


def rule(name, condition="evt.type=open", **more):
    keys = {"condition": condition, "output": "o", "desc": "d", "priority": "error", **more}
    return f"- rule: {name}\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items())


@pytest.fixture
def files(tmp_path):
    """Writes the texts to files a.yaml, b.yaml, ... and gives their paths."""

    def write(*texts):
        paths = [tmp_path / f"{chr(ord('a') + number)}.yaml" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
        return [str(path) for path in paths]

    return write


def told(loaded):
    return [(Path(p.location.path).name, p.location.line, p.location.column, p.message) for p in loaded.errors]


@pytest.fixture(scope="module")
def inferred():
    return load_rules([str(RULES / "evttype_inference.yaml")])


@pytest.mark.parametrize("name", INFERENCE)
def test_event_types_and_warnings(inferred, name):
    types, code = INFERENCE[name]
    assert str(inferred.event_types[name]) == types
    texts = [warning_text(warning) for warning in inferred.warnings]
    found = [match.groups() for text in texts if (match := re.match(r"Rule ([^:]+): warning \(([^)]+)\):", text))]
    assert [found_code for found_name, found_code in found if found_name == name] == ([code] if code else [])


def test_inference_table_is_complete(inferred):
    assert [r.name for r in inferred.rules] == list(INFERENCE)
    assert next(inferred.event_type_lines()) == "Event types/Syscalls for rule no_warnings: execve"


def test_a_rule_holds_what_the_file_says(files):
    (path,) = files(
        "- macro: opened\n  condition: evt.type=open and fd.name in (secrets)\n"
        "- list: secrets\n  items: [/etc/shadow, '\"/a b\"']\n"
        + rule("R", "opened and proc.name=cat", output=">\n    it happened\n", tags="[x, y]", priority="warn")
    )
    (loaded,) = load_rules([path]).rules
    assert (loaded.name, loaded.text, loaded.output.text) == ("R", "opened and proc.name=cat", "it happened")
    assert (loaded.priority, loaded.priority_text, loaded.tags) == (Priority.WARNING, "warn", ("x", "y"))
    assert (loaded.place.location.line, loaded.place.location.column) == (5, 9)
    assert str(loaded.output.place(3, 11).location) == f"{path}:8:8"
    assert isinstance(loaded.condition, And)
    _, in_list, name = loaded.condition.children
    assert isinstance(in_list, Comparison)
    assert isinstance(name, Comparison)
    assert [(v.text, str(v.place.location).removeprefix(path)) for v in in_list.values] == [
        ("/etc/shadow", ":4:11"),
        ("/a b", ":4:25"),
    ]
    assert str(name.place.location) == f"{path}:6:25"


def test_rules_come_in_order_of_first_definition(files):
    paths = files(rule("A") + rule("B"), rule("C") + rule("A", "evt.type=execve"))
    loaded = load_rules(paths)
    assert [r.name for r in loaded.rules] == ["A", "B", "C"]
    assert str(loaded.event_types["A"]) == "execve"


def test_later_files_may_replace_what_earlier_rules_use(files):
    paths = files(
        "- list: l\n  items: [open]\n- macro: m\n  condition: evt.type in (l)\n" + rule("A", "m"),
        "- list: l\n  items: [execve]\n",
        "- list: l\n  items: [connect]\n  append: true\n",
    )
    assert str(load_rules(paths).event_types["A"]) == "connect,execve"


def test_a_directory_is_its_files(files):
    path = Path(files(rule("B"), rule("A"))[0])
    assert [r.name for r in load_rules([str(path.parent)]).rules] == ["B", "A"]


def test_every_mistake_of_all_files_is_told_once_with_its_place(files):
    paths = files(
        "- macro: m\n  condition: evt.type=opne or\n- list: l\n  items: [opne]\n- rule: N\n  condition: x\n",
        rule("A", "evt.type in (l) and\n    undefined") + rule("B", "evt.type in (l) and m") + rule("C", "m"),
        "- a: [\n",
    )
    loaded = collect_rules([*paths[:2], "missing"])
    assert told_without_file_problem(loaded) == [
        ("a.yaml", 5, 9, "Missing output in rule with name N"),
        ("a.yaml", 5, 9, "Missing desc in rule with name N"),
        ("a.yaml", 5, 9, "Missing priority in rule with name N"),
        ("a.yaml", 2, 30, "syntax error, unexpected end of condition"),
    ]
    assert [p.message for p in loaded.errors if p.location is None] == [
        "Could not open rules filename missing for reading: No such file or directory"
    ]
    complete = collect_rules(paths[:2])
    assert told(complete)[4:] == [
        ("a.yaml", 6, 14, "Undefined macro 'x' used in filter."),
        ("a.yaml", 4, 11, 'Unknown event/syscall "opne" in filter: evt.type in (l) and undefined'),
        ("b.yaml", 3, 5, "Undefined macro 'undefined' used in filter."),
        ("a.yaml", 2, 23, 'Unknown event/syscall "opne" in filter: m'),
    ]
    assert complete.rules == ()
    assert told(collect_rules(paths[1:]))[0][:3] == ("c.yaml", 2, 1)


def told_without_file_problem(loaded):
    return told(type(loaded)((), False, (), (), tuple(p for p in loaded.errors if p.location), (), {}, (), ()))


def test_what_an_unreadable_file_might_have_defined_is_not_missed(files):
    broken = files(
        "- macro: n\n  condition: evt.type=open\n- [\n", rule("A", "m") + "- rule: B\n  condition: x\n  append: true\n"
    )
    assert [p.code for p in collect_rules(broken).errors] == ["yaml"]


def test_an_error_in_a_list_item_is_at_the_item_and_told_once(files):
    paths = files(
        "- list: l\n  items: [open, opne]\n" + rule("A", "evt.type in (l)") + rule("B", "evt.type in (l)"),
    )
    loaded = collect_rules(paths)
    assert told(loaded) == [("a.yaml", 2, 17, 'Unknown event/syscall "opne" in filter: evt.type in (l)')]
    assert (loaded.errors[0].item, loaded.errors[0].nearest) == ('rule "A"', "open")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rule("A", "evt.type=close"), 'Ignored event "close" in rule: A'),
        (
            "- macro: m\n  condition: not evt.type in (close)\n" + rule("A", "evt.type=open and m"),
            'Ignored event "close" in macro: not evt.type in (close)',
        ),
        (
            "- macro: m\n  source: k8s_audit\n  condition: syscall.type=gettid\n" + rule("A", "evt.type=open and m"),
            'Ignored syscall "gettid" in rule: A',
        ),
    ],
)
def test_ignored_events_may_be_named_with_all_events_only(files, text, message):
    paths = files(text)
    assert [p.message for p in collect_rules(paths).errors] == [message]
    assert collect_rules(paths, all_events=True).errors == ()


def test_rules_of_other_sources_run_on_all_events_without_warning(files):
    loaded = load_rules(files(rule("A", "ka.verb=get and evt.type=close", source="k8s_audit")))
    assert (loaded.event_types["A"].codes, loaded.warnings) == (None, ())
    assert list(loaded.event_type_lines()) == []


def test_warnings_of_event_types_can_be_turned_off(files):
    loaded = load_rules(files(rule("A", "proc.name=x", warn_evttypes="false")))
    assert loaded.warnings == ()
    assert list(loaded.event_type_lines()) == ["Event types/Syscalls for rule A: all"]


def test_rules_below_the_minimum_priority_are_not_looked_at(files):
    paths = files(rule("A", "not a condition", priority="info") + rule("B"))
    assert [r.name for r in load_rules(paths, minimum_priority=Priority.ERROR).rules] == ["B"]
    assert len(collect_rules(paths).errors) == 1


def test_unused_macros_and_lists_are_listed(files):
    loaded = load_rules(files("- list: l\n  items: [m]\n- macro: m\n  condition: evt.type=open\n" + rule("A")))
    assert list(loaded.unused_lines()) == [
        "Warning: macro m not refered to by any rule/macro",
        "Warning: list l not refered to by any rule/macro/list",
    ]


def test_required_engine_version(files):
    paths = files("- required_engine_version: 3\n" + rule("A"), "- required_engine_version: 9999999\n")
    assert len(load_rules(paths[:1]).rules) == 1
    with pytest.raises(RulesError, match="Rules require engine version 9999999, but engine version is 3"):
        load_rules(paths)


def test_macro_order(files):
    text = "- macro: a\n  condition: b\n- macro: b\n  condition: evt.type=open\n" + rule("A", "a")
    loaded = collect_rules(files(text))
    assert told(loaded) == [("a.yaml", 2, 14, "Undefined macro 'b' used in filter.")]
    assert loaded.errors[0].item == 'macro "a"'


def test_known_fields_are_suggested(files):
    loaded = collect_rules(files(rule("A", "pid=1")), known_fields=["proc.pid"])
    assert loaded.errors[0].nearest == "proc.pid"


def test_empty_files_hold_no_rules(files):
    loaded = load_rules(files("", "# nothing\n", "~\n"))
    assert (loaded.rules, loaded.warnings) == ((), ())


def test_number_of_errors_is_bounded(files):
    loaded = collect_rules(files("".join(rule(f"R{n}", f"m{n}") for n in range(1000))))
    assert len(loaded.errors) == compiler.MAX_ERRORS + 1
    assert loaded.errors[-1].message.startswith(f"{compiler.MAX_ERRORS} errors or more")


def test_text_of_all_conditions_is_bounded(files, monkeypatch):
    monkeypatch.setattr(compiler, "MAX_TOTAL_TEXT", 50_000)
    items = "- list: l\n  items: [" + "x, " * 5_000 + "]\n"
    loaded = collect_rules(files(items + "".join(rule(f"R{n}", "fd.name in (l)", source="other") for n in range(9))))
    assert [r.name for r in loaded.rules] == ["R0", "R1", "R2"]
    assert ["all conditions together are longer than 50000" in p.message for p in loaded.errors] == [True]


def test_four_hundred_items_load_in_half_a_second(files):
    items = [f"- list: l{n}\n  items: [a{n}, b{n}, c{n}, d{n}, e{n}, /usr/bin/f{n}]\n" for n in range(100)]
    items += [
        f"- macro: m{n}\n  condition: >\n    proc.name in (l{n}, l{n + 1 - 1})\n    or fd.name startswith /x{n}\n"
        for n in range(100)
    ]
    items += [
        rule(
            f"R{n}",
            f"evt.type in (open, openat) and m{n % 100}\n    and not m{(n + 1) % 100} and not (proc.pname in (l3))",
        )
        for n in range(200)
    ]
    paths = files("".join(items))
    begin = time.process_time()
    assert len(load_rules(paths).rules) == 200
    assert time.process_time() - begin < 0.5
