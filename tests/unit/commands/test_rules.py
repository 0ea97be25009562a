from __future__ import annotations

import dataclasses
import json

import pytest

from falco.commands import rules
from falco.commands.options import Options
from falco.errors import FalcoError, RulesError
from falco.priority import Priority

RULE = """
- rule: {name}
  desc: about {name}
  condition: evt.type = open and fd.name = {name}
  output: "{output}"
  priority: {priority}
  tags: [{tag}]
"""


@pytest.fixture
def write(tmp_path):
    def write_file(*texts):
        path = tmp_path / "rules.yaml"
        path.write_text("".join(texts), encoding="utf-8")
        return str(path)

    return write_file


def rule(name, output="seen %fd.name", priority="WARNING", tag="x"):
    return RULE.format(name=name, output=output, priority=priority, tag=tag)


def messages(path, **options):
    with pytest.raises(RulesError) as error:
        rules.load(Options(**options), [path])
    return [problem.message for problem in error.value.problems]


def test_rules_come_with_their_templates(write):
    loaded = rules.load(Options(print="c"), [write(rule("a"), rule("b", "%container.info %proc.name"))])
    assert [each.name for each in loaded.rules] == ["a", "b"]
    assert loaded.templates["a"].keys == ("container.id", "container.name", "fd.name")  # type: ignore[attr-defined]
    assert loaded.templates["b"].keys == ("container.id", "container.name", "proc.name")  # type: ignore[attr-defined]
    assert loaded.ruleset.codes


def test_mistakes_of_conditions_and_outputs_come_together(write):
    path = write(rule("a", "%nope"), rule("b").replace("fd.name =", "fd.nam ="), "- macro: m\n")
    found = messages(path)
    assert len(found) == 3
    assert "Invalid output format '%nope': 'invalid formatting token nope'" in found
    assert 'Rule "b" contains unknown filter fd.nam' in found


def test_a_bad_text_of_p_is_told_once_and_at_its_place(write):
    with pytest.raises(RulesError) as error:
        rules.load(Options(print="x=%proc.nam"), [write(rule("a"), rule("b"))])
    (problem,) = error.value.problems
    assert (str(problem.location), problem.nearest) == ("-p:1:3", "proc.name")


def test_less_severe_rules_are_not_loaded(write):
    path = write(rule("a", priority="ERROR"), rule("b", priority="DEBUG"))
    assert [each.name for each in rules.load(Options(), [path], Priority.WARNING).rules] == ["a"]


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, "ab"),
        ({"disable": ("a|c",)}, "b"),
        ({"disable_tag": ("y",)}, "a"),
        ({"tag": ("y",)}, "b"),
        ({"tag": ("z",)}, ""),
    ],
)
def test_selection(write, options, left):
    path = write(rule("a", tag="x"), rule("b", tag="y"))
    code = rules.load(Options(**options), [path]).ruleset.code_text()
    assert [name for name in "ab" if f": '{name}'\n" in code] == list(left)


def test_selections_that_exclude_each_other(write):
    with pytest.raises(FalcoError, match=r"You can not specify both disabled \(-D/-T\) and enabled \(-t\) rules"):
        rules.load(Options(disable=("a",), tag=("x",)), [write(rule("a"))])


def test_notes_for_v(write):
    skipped = rule("s").replace("fd.name =", "fd.new =") + "  skip-if-unknown-filter: true\n"
    loaded = rules.load(Options(), [write("- macro: unused\n  condition: evt.type=open\n", rule("a"), skipped)])
    assert 'Skipping rule "s" that contains unknown filter fd.new' in loaded.notes
    assert "Warning: macro unused not refered to by any rule/macro" in loaded.notes
    assert "Event types/Syscalls for rule a: open" in loaded.event_types


def test_a_clean_file_is_just_ok(write, capsys):
    assert rules.validate(Options(validate=(write(rule("a")),))) == 0
    assert capsys.readouterr() == ("Ok\n", "")


def test_warnings_do_not_make_a_file_bad(write, capsys):
    path = write(rule("a"), "  nonsense: 1\n", rule("b").replace("evt.type = open and ", ""))
    assert rules.validate(Options(validate=(path,))) == 0
    captured = capsys.readouterr()
    assert captured.out == "Ok\n"
    assert "Rule b: warning (no-evttype):" in captured.err
    assert f"{path}:8:3: warning" in captured.err


def test_validation_in_json(write, capsys):
    assert rules.validate(Options(validate=(write(rule("a"), "  nonsense: 1\n"),), json=True)) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["valid"], document["errors"], len(document["warnings"])) == (True, [], 1)
    assert rules.validate(Options(validate=(write(rule("a", "%nope")),), json=True)) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["valid"], len(document["errors"])) == (False, 1)
    assert document["errors"][0]["line"] == 5


def test_several_files_are_validated_as_one_set(write, tmp_path):
    first = write("- list: names\n  items: [a]\n")
    second = tmp_path / "second.yaml"
    second.write_text("- list: names\n  append: true\n  items: [b]\n")
    assert rules.validate(Options(validate=(first, str(second)))) == 0
    with pytest.raises(RulesError, match="List names has 'append' key but no list by that name already exists"):
        rules.validate(Options(validate=(str(second),)))


def test_descriptions(write, capsys, tmp_path):
    config = tmp_path / "falco.yaml"
    config.write_text("stdout_output: {enabled: true}\nlog_stderr: false\nlog_syslog: false\n")
    options = Options(config=str(config), rules=(write(rule("a"), rule("b")),))
    assert rules.describe(dataclasses.replace(options, describe="b")) == 0
    assert "about b" in (out := capsys.readouterr().out)
    assert "about a" not in out
    with pytest.raises(FalcoError, match="No such rule: c"):
        rules.describe(dataclasses.replace(options, describe="c"))


def test_code_is_printed(write, capsys, tmp_path):
    config = tmp_path / "falco.yaml"
    config.write_text("stdout_output: {enabled: true}\nlog_syslog: false\n")
    assert rules.print_code(Options(config=str(config), rules=(write(rule("a")),))) == 0
    assert "# 0: 'a'" in capsys.readouterr().out


def test_all_mistakes_of_a_rule_are_told_in_one_run(write):
    path = write(
        "- macro: m\n  condition: proc.nme=x\n"
        "- rule: r\n  desc: d\n  condition: evt.type=opn and m\n  output: o %proc.nam\n  priority: ERROR\n"
    )
    with pytest.raises(RulesError) as raised:
        rules.load(Options(), [path])
    places = [str(problem.location).partition("rules.yaml:")[2] for problem in raised.value.problems]
    assert places == ["2:14", "5:23", "6:13"]


def test_the_output_of_a_rule_whose_condition_cannot_be_read_is_looked_at_too(write):
    path = write(rule("a", "%nope").replace("evt.type =", "evt.type = ="), rule("b", "%neither"))
    with pytest.raises(RulesError) as raised:
        rules.load(Options(), [path])
    lines = [problem.location.line for problem in raised.value.problems if problem.location]
    assert lines == [4, 5, 12]


BROKEN = """
- list: l
  items: [a, [b]]
- macro: m
  condition: proc.nam = x
  append: perhaps
- rule: r
  condition: evt.type=opn and m and proc.name in (l) and fd.nme=x
  output: o %proc.nam
  priority: BAD
  tags: x
  enabled: maybe
"""


def test_a_mistake_in_a_key_hides_none_in_another(write):
    with pytest.raises(RulesError) as raised:
        rules.load(Options(), [write(BROKEN)])
    places = [str(problem.location).partition("rules.yaml:")[2] for problem in raised.value.problems]
    assert places == ["3:14", "5:14", "6:11", "7:9", "8:23", "8:58", "9:13", "10:13", "11:9", "12:12"]


MANY = """
- macro: m
  condition: proc.nam=a and (
- rule: r
  desc: "not closed
  condition: evt.type=open
- rule: s
  desc: d
  condition: >
    evt.type=opn and m and nothing and fd.nam = x
    and proc.name contans y
    and user.nme=z
  output: >
    seen %proc.name
    by %proc.nam
  priority: HIGH
- rule: t
  desc: d
  output: "%nope"
  priority: ERROR
"""


def test_every_mistake_that_can_be_told_alone_is_told_in_one_run(write):
    with pytest.raises(RulesError) as raised:
        rules.load(Options(), [write(MANY)])
    places = [str(problem.location).partition("rules.yaml:")[2] for problem in raised.value.problems]
    assert places == [
        *("3:14", "3:30"),
        "5:9",
        *("10:14", "10:28", "10:40", "11:19", "12:9"),
        "15:8",
        "16:13",
        *("17:9", "19:12"),
    ]


def test_what_may_be_the_name_of_a_missing_list_is_no_mistake(write, tmp_path):
    text = "evt.type in (calls) and fd.num in (numbers) and proc.nam=x"
    path = write(rule("a").replace("evt.type = open and fd.name = a", text))
    with pytest.raises(RulesError) as raised:
        rules.load(Options(), [str(tmp_path / "missing"), path])
    assert [problem.nearest for problem in raised.value.problems] == ["proc.name", ""]


def test_a_mistake_is_told_once_though_its_file_is_read_twice(write):
    path = write("- macro: m\n", rule("a", "%nope"))
    with pytest.raises(RulesError) as raised:
        rules.load(Options(), [path, path])
    assert [problem.location and problem.location.line for problem in raised.value.problems] == [1, 6]


def test_mistakes_are_told_in_the_order_of_the_files(tmp_path):
    paths = [tmp_path / "z.yaml", tmp_path / "a.yaml"]
    for path in paths:
        bad_field = rule(f"x{path.stem}").replace("fd.name =", "fd.nam =")
        path.write_text(bad_field + rule(f"y{path.stem}").replace("= open and", "= open and ("))
    with pytest.raises(RulesError) as raised:
        rules.load(Options(), [str(path) for path in paths])
    places = [(problem.location.path, problem.location.line) for problem in raised.value.problems if problem.location]
    assert places == [(str(path), line) for path in paths for line in (4, 11)]


def test_a_rule_of_an_unknown_source_is_loaded(write):
    path = write("- rule: r\n  desc: d\n  condition: a.b=c\n  output: o %x\n  priority: ERROR\n  source: other\n")
    assert [loaded.name for loaded in rules.load(Options(), [path]).rules] == ["r"]
