"""Runs the command as cases.yaml says, in this process, and looks at all it leaves: status, text, counts, files."""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path

import pytest
import yaml

from falco.cli import main

HERE = Path(__file__).resolve().parent
CASES = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
WARNING = re.compile(r"^Rule ([^:]+): warning \(([^)]+)\):", re.MULTILINE)
EVENT_TYPES = re.compile(r"^Event types/Syscalls for rule ([^:]+): (\S+)", re.MULTILINE)
COUNT = re.compile(r"^   (.+): (\d+)$", re.MULTILINE)
EXPECTED = {
    "exit", "detected", "levels", "counts", "warnings", "event_types", "stdout", "not_stdout", "stderr", "not_stderr",
    "stdout_is", "stdout_sha256", "json_keys", "files",
}  # fmt: skip
GIVEN = {"rules", "capture", "cut", "conf", "options"}


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    """Alerts begin with the local time, so the cases hold for one zone."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("name", CASES)
def test_case(name, tmp_path, captures, capfd, monkeypatch):
    case = CASES[name]
    assert case.keys() <= EXPECTED | GIVEN
    monkeypatch.chdir(tmp_path)
    status = main(arguments(case, tmp_path, captures))
    out, err = capfd.readouterr()
    assert status == case.get("exit", 0), err
    check_text(case, out, err)
    check_counts(case, out, err)
    for file, pattern in case.get("files", {}).items():
        assert re.search(pattern, (tmp_path / file).read_text(encoding="utf-8"), re.MULTILINE)


def arguments(case, tmp_path, captures):
    """The command line; a capture makes it a replay, which is always told to say more."""
    argv = ["-c", str(HERE / "confs" / case.get("conf", "stdout.yaml"))]
    for rules in case.get("rules", []):
        argv += ["-r", str(HERE / "rules" / rules)]
    if "capture" in case:
        path = captures / case["capture"]
        if "cut" in case:
            path = tmp_path / case["capture"]
            path.write_bytes((captures / case["capture"]).read_bytes()[: case["cut"]])
        argv += ["-v", "-e", str(path)]
    return argv + [option.replace("RULES", str(HERE / "rules")) for option in case.get("options", [])]


def check_text(case, out, err):
    """What both streams have to hold and what not, by regular expressions or byte for byte."""
    for stream, text in (("stdout", out), ("stderr", err)):
        for pattern in case.get(stream, []):
            assert re.search(pattern, text, re.MULTILINE), f"{pattern} not in {text}"
        for pattern in case.get(f"not_{stream}", []):
            assert not re.search(pattern, text, re.MULTILINE)
    if "stdout_is" in case:
        assert out == case["stdout_is"]
    if "stdout_sha256" in case:
        assert hashlib.sha256(out.encode()).hexdigest() == case["stdout_sha256"]
    if "json_keys" in case:
        alerts = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        assert {tuple(sorted(alert)) for alert in alerts} == {tuple(case["json_keys"])}


def check_counts(case, out, err):
    """What was detected and how rules were understood. Warnings are none unless the case says so."""
    if "detected" in case:
        assert f"Events detected: {case['detected']}\n" in out
    severities, _, rules = out.partition("Triggered rules by rule name:")
    by_level, by_rule = dict(COUNT.findall(severities)), dict(COUNT.findall(rules))
    for level in case.get("levels", []):
        assert int(by_level[level]) > 0
    for rule, count in case.get("counts", {}).items():
        assert int(by_rule.get(rule, 0)) == count, rule
    if not case.get("exit"):
        assert {rule for rule, _code in WARNING.findall(err)} == set(case.get("warnings", []))
    for rule, types in case.get("event_types", {}).items():
        assert dict(EVENT_TYPES.findall(err))[rule] == types, rule
