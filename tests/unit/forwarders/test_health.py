from __future__ import annotations

import json

import pytest

from falco import logs
from falco.forwarders.health import Health, metrics


@pytest.fixture(autouse=True)
def log_to_stderr():
    logs.setup()


@pytest.fixture
def health(tmp_path):
    return Health("kafka", tmp_path, lambda: 100.0)


def test_the_file_says_how_it_goes(health, tmp_path):
    health.success(3)
    health.backlog, health.oldest_ns = 7, 90 * 10**9
    health.write()
    written = json.loads((tmp_path / "health.json").read_text())
    assert written["last_success"] == 100
    assert (written["up"], written["backlog"], written["backlog_age_s"], written["delivered"]) == (1, 7, 10.0, 3)


def test_metrics_are_what_prometheus_reads(health, tmp_path):
    health.failure("no broker")
    health.write()
    text = (tmp_path / "metrics.prom").read_text()
    assert 'falco_forwarder_up{destination="kafka"} 0\n' in text
    assert "# TYPE falco_forwarder_backlog_age_seconds gauge\n" in text
    assert text == metrics(json.loads((tmp_path / "health.json").read_text()))
    for line in text.splitlines():
        assert line.startswith("#") or float(line.rpartition(" ")[2]) >= 0


def test_a_trouble_is_logged_when_it_begins_changes_and_ends(health, capsys):
    for _ in range(5):
        health.failure("no broker")
        health.failure("no such host")
    health.success(1)
    health.success(1)
    health.failure("no broker")
    err = capsys.readouterr().err
    assert err.count("kafka: no broker") == 2
    assert err.count("no such host") == 1
    assert err.count("kafka: works again") == 1


def test_reasons_that_never_repeat_do_not_flood_the_log(health, capsys):
    for number in range(1000):
        health.failure(f"reason {number}")
    assert capsys.readouterr().err.count("\n") == 10


def test_what_cannot_be_written_is_a_trouble(tmp_path):
    health = Health("x", tmp_path / "none", lambda: 0.0)
    health.write()
    assert "health cannot be written" in health.trouble
