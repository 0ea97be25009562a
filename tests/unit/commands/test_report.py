from __future__ import annotations

import json
import re

import pytest

from falco import logs
from falco.commands import report
from falco.errors import CaptureError, ConfigError, FalcoError, Location, Problem, RulesError

UNKNOWN = Problem(
    "Rule \"R\" contains unknown filter proc.nobody", Location("r.yaml", 3, 14), "  condition: proc.nobody = x", 11,
    nearest="proc.name", code="unknown-field",
)  # fmt: skip
OUTPUT = Problem(
    "Invalid output format 'a %x': 'invalid formatting token x'", Location("r.yaml", 4, 11), "  output: a %x", 2
)
WARNING = Problem("unknown key", Location("r.yaml", 1, 1), "kye: 1", 3, severity="warning", code="unknown-key")
EVTTYPE = Problem("a=b\nadvice", Location("r.yaml", 1, 1), item="Rule r_1", severity="warning", code="no-evttype")


@pytest.fixture(autouse=True)
def log_to_stderr():
    logs.setup()


def fatal(capsys, error, *, as_json=False):
    report.fatal(error, as_json=as_json)
    return capsys.readouterr()


def test_the_first_line_has_the_words_of_0_15_and_the_rest_all_places(capsys):
    err = fatal(capsys, RulesError([WARNING, UNKNOWN, OUTPUT])).err
    assert re.search(r'Rule "R" contains unknown filter proc.nobody. Exiting.', err)
    assert err.splitlines()[0].endswith('Error loading rules: Rule "R" contains unknown filter proc.nobody. Exiting.')
    assert [line for line in err.splitlines() if line.startswith("r.yaml:")] == [
        "r.yaml:1:1: warning (unknown-key): unknown key",
        'r.yaml:3:14: error: Rule "R" contains unknown filter proc.nobody',
        "r.yaml:4:11: error: Invalid output format 'a %x': 'invalid formatting token x'",
    ]
    assert "  condition: proc.nobody = x\n                  ^^^^^^^^^^^" not in err
    assert "               ^^^^^^^^^^^" in err


def test_the_pattern_of_0_15s_own_test_is_found(capsys):
    message = "Invalid output format 'An open was seen %not_a_real_field': 'invalid formatting token not_a_real_field'"
    pattern = (
        "Runtime error: Error loading rules:.* Invalid output format 'An open was seen %not_a_real_field': "
        "'invalid formatting token not_a_real_field'. Exiting."
    )
    assert re.search(pattern, fatal(capsys, RulesError([Problem(message), UNKNOWN])).err)


def test_a_sentence_of_several_lines_stays_one_in_the_first_line(capsys):
    err = fatal(capsys, RulesError([Problem("one\n  two.\x1b[2J")])).err
    assert "Error loading rules: one two.\\x1b[2J. Exiting." in err.splitlines()[0]
    assert "\x1b" not in err


def test_a_message_in_lines_becomes_so_many(capsys):
    class LinesError(FalcoError):
        in_lines = True

    report.fatal(LinesError("first\nsecond\x1b"), as_json=False)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[2] for line in lines] == ["Runtime error: first", "second\\x1b. Exiting."]


def test_hostile_snippets_keep_their_columns(capsys):
    problem = Problem("bad", Location("f", 1, 6), "a\x1b[2Jb", 1)
    err = fatal(capsys, ConfigError([problem])).err
    assert "  a\ufffd[2Jb\n       ^\n" in err


def test_it_is_told_without_a_log_too(capsys):
    logs.setup(stderr=False)
    assert "Runtime error: x. Exiting." in fatal(capsys, FalcoError("x.")).err


def test_warnings_about_event_types_have_their_own_form(capsys):
    report.warn([EVTTYPE])
    err = capsys.readouterr().err
    assert re.findall(r"Rule ([^:]+): warning \(([^)]+)\):", err) == [("r_1", "no-evttype")]


def test_json_goes_to_standard_output(capsys):
    captured = fatal(capsys, RulesError([UNKNOWN, WARNING]), as_json=True)
    document = json.loads(captured.out)
    assert document["valid"] is False
    assert document["errors"] == [UNKNOWN.as_json()]
    assert document["warnings"] == [WARNING.as_json()]
    assert captured.err.count("\n") == 1


def test_json_of_a_damaged_capture_has_the_byte(capsys):
    document = json.loads(fatal(capsys, CaptureError("c.scap", 4096, "truncated"), as_json=True).out)
    (error,) = document["errors"]
    assert (error["file"], error["offset"], error["message"]) == ("c.scap", 4096, "truncated")


def test_json_of_any_other_error(capsys):
    document = json.loads(fatal(capsys, FalcoError("no rules"), as_json=True).out)
    assert [error["message"] for error in document["errors"]] == ["no rules"]


def test_a_failed_reload_says_that_nothing_changed(capsys):
    report.not_reloaded(RulesError([OUTPUT]))
    err = capsys.readouterr().err
    assert "everything stays as it was" in err
    assert "r.yaml:4:11" in err


def test_a_defect_is_told_in_one_line(capsys):
    report.defect(KeyError("x\ny"))
    assert capsys.readouterr().err.count("\n") == 1
