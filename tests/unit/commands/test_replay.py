"""Replays of both kinds of files, as the command runs them."""

from __future__ import annotations

import json

from tests.unit.conftest import CAT_WRITE, falco

AUDIT_RULE = """
- rule: Anything happens
  desc: d
  condition: ka.verb exists
  output: It happened (verb=%ka.verb)
  priority: INFO
  source: k8s_audit
"""


def test_a_capture_is_held_against_its_rules(config_file, rules_file):
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-v")
    assert done.returncode == 0
    assert "Reading system call events from file" in done.stderr
    assert "Events detected: 1" in done.stdout


def audit_file(tmp_path):
    event = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "verb": "get", "stage": "ResponseComplete",
             "auditID": "1", "requestURI": "/", "stageTimestamp": "2026-01-01T00:00:00.000000Z"}  # fmt: skip
    path = tmp_path / "audit.jsonl"
    path.write_text(json.dumps(event) + "\n")
    return path


def test_audit_events_are_held_against_theirs(config_file, tmp_path):
    (tmp_path / "audit.yaml").write_text(AUDIT_RULE)
    done = falco("-c", config_file, "-e", audit_file(tmp_path), "-r", tmp_path / "audit.yaml")
    assert done.returncode == 0
    assert "It happened (verb=get)" in done.stdout


def test_audit_events_cannot_be_recorded(config_file, tmp_path):
    (tmp_path / "audit.yaml").write_text(AUDIT_RULE)
    out = tmp_path / "out.scap"
    done = falco("-c", config_file, "-e", audit_file(tmp_path), "-r", tmp_path / "audit.yaml", "-w", out)
    assert done.returncode == 1
    assert "-w records only system calls" in done.stderr
