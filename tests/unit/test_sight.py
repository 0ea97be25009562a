"""Blindness is told by alert, log and file."""

from __future__ import annotations

import json
import time

import pytest

from falco.priority import Priority
from falco.sight import COUNT_EVERY, LATE, RULE, Sight


@pytest.fixture
def raised():
    return []


def test_what_is_lost_and_regained_is_an_alert_each(raised, caplog):
    sight = Sight(raised.append)
    sight.lost("events no longer arrive")
    sight.regained(3.25)
    assert [(alert.rule, alert.priority, alert.source) for alert in raised] == [
        (RULE, Priority.CRITICAL, "internal"),
        (RULE, Priority.NOTICE, "internal"),
    ]
    assert raised[0].text.endswith("is not seen: events no longer arrive.")
    assert [alert.fields for alert in raised] == [{"reason": "events no longer arrive"}, {"seconds": 3.25}]
    assert [record.levelname for record in caplog.records] == ["CRITICAL", "WARNING"]


def test_that_events_are_looked_at_late_is_an_alert_of_its_own_and_no_blindness(raised, tmp_path, caplog):
    path = tmp_path / "health"
    sight = Sight(raised.append, str(path))
    sight.late("more than 2 s late, 25% of the ring full")
    sight.caught_up(1.5)
    sight.beat()
    assert [(alert.rule, alert.priority) for alert in raised] == [(LATE, Priority.WARNING), (LATE, Priority.NOTICE)]
    assert raised[1].text == "Falco internal: late. What happens on this host is looked at in time again, after 1.5 s."
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert json.loads(path.read_text())["sees"] is True


def test_the_file_says_what_is_so_now(raised, tmp_path):
    path = tmp_path / "health"
    sight = Sight(raised.append, str(path))
    before = time.time_ns()
    sight.beat()
    first = json.loads(path.read_text())
    assert before <= first["alive"] <= time.time_ns()
    assert (first["sees"], first["reason"]) == (True, "")
    sight.lost("why")
    assert [json.loads(path.read_text())[key] for key in ("sees", "reason")] == [False, "why"]
    sight.regained(1)
    assert json.loads(path.read_text())["sees"] is True
    sight.close()
    assert not path.exists()


def test_the_file_has_the_counts_of_events_anew_at_some_of_the_beats(raised, tmp_path):
    path = tmp_path / "health"
    counts = {"openat": {"seen": 1}}
    sight = Sight(raised.append, str(path), lambda: dict(counts))
    sight.beat()
    counts.clear()
    sight.lost("why")
    assert json.loads(path.read_text())["events"] == {"openat": {"seen": 1}}
    for _ in range(COUNT_EVERY - 1):
        sight.beat()
    assert json.loads(path.read_text())["events"] == {"openat": {"seen": 1}}
    sight.beat()
    assert json.loads(path.read_text())["events"] == {}


def test_a_file_that_cannot_be_written_is_told_once(raised, tmp_path, caplog):
    sight = Sight(raised.append, str(tmp_path / "none" / "health"))
    sight.beat()
    sight.beat()
    assert caplog.text.count("health cannot be told: No such file or directory") == 1


def test_without_a_path_there_is_no_file(raised, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sight = Sight(raised.append)
    sight.beat()
    sight.close()
    assert list(tmp_path.iterdir()) == []
