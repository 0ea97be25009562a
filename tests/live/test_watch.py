"""falco as its users run it: what the shipped rules find on this host, and how it is told to reload and to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live.opening import WAYS
from tests.live.product import DEFAULT_RULES, ROOT, Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

OPENING = Path(__file__).with_name("opening.py")
SENSITIVE, BELOW_DEV = "Read sensitive file untrusted", "Create files below dev"


def opening(way, path, flags=os.O_RDONLY, mode=0):
    """A process of its own opens a file."""
    command = [sys.executable, str(OPENING), way, str(path), str(flags), str(mode)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.fixture(scope="module")
def falco(tmp_path_factory):
    with Product(tmp_path_factory.mktemp("falco"), [DEFAULT_RULES]) as falco:
        yield falco


@pytest.mark.parametrize("way", [way for way in WAYS if way != "creat"])
def test_reading_a_sensitive_file_is_told_however_it_is_opened(falco, way):
    opening(way, "/etc/shadow")
    (alert,) = falco.wait_for_alerts(1, SENSITIVE, f"opening.py {way} ")
    fields = alert["output_fields"]
    assert (fields["fd.name"], fields["user.name"]) == ("/etc/shadow", "root")
    assert fields["proc.pname"] == Path("/proc/self/comm").read_text().strip()


@pytest.mark.parametrize("way", WAYS)
def test_a_file_below_dev_is_told_however_it_is_made(falco, way):
    path = Path(f"/dev/falco-test-{os.getpid()}")
    try:
        opening(way, path, os.O_WRONLY | os.O_CREAT, 0o600)
    finally:
        path.unlink(missing_ok=True)
    (alert,) = falco.wait_for_alerts(1, BELOW_DEV, f"opening.py {way} ")
    assert alert["output_fields"]["fs.path.written"] == str(path)


def test_the_thread_that_takes_events_goes_before_others(falco):
    tasks = {task.name: int(task.name) for task in Path(f"/proc/{falco.process.pid}/task").iterdir()}
    policies = {tid: os.sched_getscheduler(tid) & ~os.SCHED_RESET_ON_FORK for tid in tasks.values()}
    assert policies.pop(falco.process.pid) == os.SCHED_RR
    # The one that it waits for, which asks file systems, does so too; none of the others does.
    assert list(policies.values()).count(os.SCHED_RR) <= 1 < len(policies)


def test_what_is_allowed_is_not_told(falco):
    opening("openat", "/etc/passwd")
    opening("openat", "/dev/null", os.O_WRONLY | os.O_CREAT)
    falco.catch_up()
    assert falco.alerts("", "/etc/passwd") == []
    assert falco.alerts("", "/dev/null") == []


OPENS = """
- rule: Own file
  desc: A file of this test is opened.
  condition: evt.type={call} and evt.dir=< and {what}
  output: "{text} %evt.args"
  priority: INFO
"""


@pytest.fixture
def rules(tmp_path):
    """rules(call, what, text) writes the rules file, whose path it returns."""

    def write(call, what, text="seen"):
        path = tmp_path / "rules.yaml"
        path.write_text(OPENS.format(call=call, what=what, text=text))
        return path

    return write


IGNORING = ("sh", "-c", 'trap "" INT TERM; exec "$@"', "sh")


@pytest.mark.parametrize("before", [(), IGNORING], ids=["heard", "ignored before"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_statistics(tmp_path, rules, number, before):
    own = tmp_path / "own"
    with Product(tmp_path / "falco", [rules("openat", f"fd.name={own}")], before=before) as falco:
        own.touch()
        falco.catch_up()
        assert falco.stop(number) == 0
    assert len(falco.alerts("Own file")) == 1
    assert f"{number.name} received, exiting" in falco.errors
    assert falco.output.endswith(
        "Events detected: 2\nRule counts by severity:\n   INFO: 2\nTriggered rules by rule name:\n"
        "   Own file: 1\n   Mark: 1\n"
    )
    assert falco.errors.endswith(
        "Syscall event drop monitoring:\n   - event drop detected: 0 occurrences\n   - num times actions taken: 0\n"
    )


def test_new_rules_bring_their_calls_and_bad_ones_change_nothing(tmp_path, rules):
    own = tmp_path / "own"
    path = rules("openat", f"fd.name={own}", "first")
    with Product(tmp_path / "falco", [path]) as falco:
        own.mkdir()
        own.rmdir()
        own.write_text("")
        falco.catch_up()
        assert [alert["output"].split()[2] for alert in falco.alerts("Own file")] == ["first"]

        path.write_text("- rule: [")
        falco.process.send_signal(signal.SIGHUP)
        falco.wait_for(lambda: falco.said("Reload failed, everything stays as it was"))
        own.write_text("")
        falco.catch_up()
        assert len(falco.alerts("Own file")) == 2

        rules("mkdir", f"evt.arg.path={own} and evt.rawres=0", "second")
        falco.process.send_signal(signal.SIGHUP)
        falco.wait_for(lambda: falco.said("Reloaded$"))
        own.write_text("")
        own.unlink()
        own.mkdir()
        falco.catch_up()
        assert [alert["output"].split()[2] for alert in falco.alerts("Own file")] == ["first", "first", "second"]


def test_the_rules_in_force_alert_while_a_probe_for_others_is_built(tmp_path, rules):
    own = tmp_path / "own"
    path = rules("openat", f"fd.name={own}", "first")
    with Product(tmp_path / "falco", [path]) as falco:
        # A number that the sieve compares with, and that no probe in the cache knows.
        rules("openat", f"fd.name={own} and fd.num!={time.time_ns()}", "second")
        falco.process.send_signal(signal.SIGHUP)
        falco.wait_for(lambda: falco.said("SIGHUP received"))
        meanwhile = 0
        while not falco.said("Reloaded$"):
            own.write_text("")
            falco.catch_up()
            meanwhile = len(falco.alerts("Own file", "first"))
        assert meanwhile > 1
        own.write_text("")
        falco.catch_up()
        assert "second" in falco.alerts("Own file")[-1]["output"]


def test_it_ends_by_itself_after_its_duration(tmp_path, rules):
    with Product(tmp_path / "falco", [rules("openat", "fd.name=/none")], ["-M", "2"]) as falco:
        ready = time.monotonic()
        assert falco.process.wait(10) == 0
        assert 1 < time.monotonic() - ready < 8
    assert "Events detected: 0" in falco.output
