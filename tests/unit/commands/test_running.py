"""What a running Falco said of itself."""

from __future__ import annotations

import json

import pytest

from falco.commands import running
from falco.commands.options import parse
from falco.sight import Sight

S = 1_000_000_000


def test_the_last_that_was_said_is_told_with_its_age(tmp_path):
    path = tmp_path / "health.json"
    events = {"openat": {"seen": 7, "filtered": 4, "delivered": 3, "matched": 1}}
    Sight(lambda alert: None, str(path), lambda: events).beat()
    alive = json.loads(path.read_text())["alive"]
    assert running.report(str(path), alive + 2 * S) == {
        "health_file": str(path), "age_s": 2.0, "alive": alive, "sees": True, "reason": "", "events": events
    }  # fmt: skip


def test_without_a_file_that_is_said(tmp_path):
    path = str(tmp_path / "none")
    expected = {"health_file": path, "error": "No such file or directory: no Falco that runs here writes it"}
    assert running.report(path, 0) == expected


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"alive": "x"}', "\xff"])
def test_what_makes_no_sense_is_said(tmp_path, text):
    path = tmp_path / "health.json"
    path.write_bytes(text.encode("latin-1"))
    assert running.report(str(path), 0)["error"] == "it holds nothing that a Falco would write"


def test_without_a_setting_the_file_is_the_service_s(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "SERVICE", str(tmp_path / "none"))
    assert running.report("", 0)["health_file"] == str(tmp_path / "none")


def test_a_service_has_its_file_in_its_runtime_directory():
    assert running.service_file("/run/falco") == "/run/falco/health.json"
    assert running.service_file("/run/falco:/run/other") == "/run/falco/health.json"
    assert running.service_file("") == ""
    assert parse([], {"RUNTIME_DIRECTORY": "/run/falco"}).service_health_file == running.SERVICE
