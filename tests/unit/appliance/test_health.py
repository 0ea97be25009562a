import json

import pytest

from falco.appliance import health, place

NOW = 1_000_000_000_000


@pytest.fixture
def running(tmp_path):
    """A directory as a healthy container has it, and a /proc beside it."""
    directory = tmp_path / "run"
    directory.mkdir()
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/cmdline").write_bytes(b"python3\0-m\0falco.cli\0-c\0x\0")
    (directory / place.PID).write_text("7\n")
    tell(directory)
    sight(directory)
    return directory


def tell(directory, watches=True):
    wanted = {"watches": watches, "health_file": str(directory / place.HEALTH)}
    (directory / place.DETECTOR).write_text(json.dumps(wanted))


def sight(directory, seconds_ago=1.0, reason=""):
    told = {"alive": NOW - int(seconds_ago * 1e9), "sees": not reason, "reason": reason}
    (directory / place.HEALTH).write_text(json.dumps(told))


def trouble(directory):
    return health.trouble(directory, lambda: NOW, directory.parent / "proc")


def test_a_detector_that_lives_and_sees_is_healthy(running):
    assert trouble(running) == ""


def test_one_that_is_gone_is_not(running):
    (running.parent / "proc/7/cmdline").write_bytes(b"sleep\0")
    assert trouble(running) == "the detector does not run"
    (running / place.PID).unlink()
    assert trouble(running) == "the detector does not run"


def test_one_that_is_stuck_is_not(running):
    sight(running, 9.9)
    assert trouble(running) == ""
    sight(running, 30)
    assert trouble(running) == "the detector has not moved for 30 s"


def test_one_that_is_blind_is_not(running):
    sight(running, reason="events no longer arrive")
    assert trouble(running) == "the detector does not see this host: events no longer arrive"


@pytest.mark.parametrize("text", [None, "{"])
def test_one_that_has_told_nothing_is_not_ready(running, text):
    (running / place.HEALTH).unlink()
    if text:
        (running / place.HEALTH).write_text(text)
    assert trouble(running) == "the detector is not ready yet"


def test_one_that_only_listens_for_audit_events_needs_no_sight(running):
    tell(running, watches=False)
    (running / place.HEALTH).unlink()
    assert trouble(running) == ""


def test_without_a_started_container_there_is_no_health(monkeypatch, capsys):
    monkeypatch.setattr(place, "find", lambda: None)
    assert health.main() == 1
    assert "has not started" in capsys.readouterr().out
