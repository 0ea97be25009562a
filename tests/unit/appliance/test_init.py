"""The first process, run for real: it has children, signals and an exit status."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from falco.appliance import place

RUN = """
import pathlib, sys
from falco.appliance.init import Init
prepare = (sys.executable, "-c", sys.argv[2])
sys.exit(Init(pathlib.Path(sys.argv[1]), (sys.executable, "-c", sys.argv[3]), prepare).run())"""


def begin(directory, script, prepare=""):
    command = [sys.executable, "-c", RUN, str(directory), prepare, script]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def end(process):
    return process.wait(10), process.stderr.read()


def wait_for(path):
    until = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


def told(directory, status, reason=""):
    text = json.dumps({"status": status, "reason": reason})
    return f"import pathlib; pathlib.Path({str(directory / place.OUTCOME)!r}).write_text({text!r})"


@pytest.mark.parametrize(("status", "last"), [(1, "falco: the detector ended: no rules\n"), (0, "")])
def test_the_status_is_the_outcomes_though_supervisord_ends_well(tmp_path, status, last):
    with begin(tmp_path, told(tmp_path, status, "no rules")) as process:
        assert end(process) == (status, last)


def test_without_an_outcome_the_end_is_a_failure(tmp_path):
    (tmp_path / place.OUTCOME).write_text('{"status": 0, "reason": "of an earlier run"}')
    with begin(tmp_path, "raise SystemExit(3)") as process:
        assert end(process) == (1, "falco: supervisord ended by itself with status 3\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_being_asked_to_stop_is_passed_on_and_is_no_failure(tmp_path, number):
    script = f"""
import pathlib, signal, sys, time
def stop(*_): pathlib.Path({str(tmp_path / "stopped")!r}).touch(); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path({str(tmp_path / "ready")!r}).touch()
time.sleep(20)"""
    with begin(tmp_path, script) as process:
        wait_for(tmp_path / "ready")
        process.send_signal(number)
        assert end(process) == (0, "")
    assert (tmp_path / "stopped").exists()


def test_signals_for_the_detector_reach_it(tmp_path):
    script = f"""
import os, pathlib, signal, time
got = []
signal.signal(signal.SIGHUP, lambda *_: got.append("HUP"))
signal.signal(signal.SIGUSR1, lambda *_: got.append("USR1"))
pathlib.Path({str(tmp_path / place.PID)!r}).write_text(str(os.getpid()))
pathlib.Path({str(tmp_path / "ready")!r}).touch()
end = time.monotonic() + 10
while len(got) < 2 and time.monotonic() < end: time.sleep(0.01)
{told(tmp_path, 0)} and pathlib.Path({str(tmp_path / "got")!r}).write_text(" ".join(sorted(got)))"""
    with begin(tmp_path, script, f"import pathlib; pathlib.Path({str(tmp_path / 'prepared')!r}).touch()") as process:
        wait_for(tmp_path / "ready")
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGUSR1)
        assert end(process) == (0, "")
    assert (tmp_path / "got").read_text() == "HUP USR1"
    assert (tmp_path / "prepared").exists()


def test_settings_that_cannot_be_used_are_not_loaded(tmp_path):
    script = f"""
import os, pathlib, signal, time
signal.signal(signal.SIGHUP, lambda *_: os._exit(9))
pathlib.Path({str(tmp_path / place.PID)!r}).write_text(str(os.getpid()))
pathlib.Path({str(tmp_path / "ready")!r}).touch()
end = time.monotonic() + 10
while not pathlib.Path({str(tmp_path / "prepared")!r}).exists() and time.monotonic() < end: time.sleep(0.01)
time.sleep(0.3)
{told(tmp_path, 0)}"""
    prepare = f"import pathlib; pathlib.Path({str(tmp_path / 'prepared')!r}).touch(); raise SystemExit('bad settings')"
    with begin(tmp_path, script, prepare) as process:
        wait_for(tmp_path / "ready")
        process.send_signal(signal.SIGHUP)
        assert end(process) == (0, "bad settings\n")


def test_a_signal_before_there_is_a_detector_is_told_and_ends_nothing(tmp_path):
    script = (
        f"import pathlib, time; pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(0.5); {told(tmp_path, 0)}"
    )
    with begin(tmp_path, script) as process:
        wait_for(tmp_path / "ready")
        process.send_signal(signal.SIGHUP)
        assert end(process) == (0, "SIGHUP is passed over: the detector does not run yet\n")


def test_orphans_are_reaped_and_what_outlives_supervisord_is_ended(tmp_path):
    # Two generations below: one that ends at once and one that would stay, both left behind by their parent.
    script = f"""
import os, pathlib, time
for name, seconds in (("short", 0), ("long", 60)):
    if os.fork() == 0:
        if os.fork() == 0:
            pathlib.Path({str(tmp_path)!r}, name).write_text(str(os.getpid()))
            time.sleep(seconds)
        os._exit(0)
    os.wait()
while not pathlib.Path({str(tmp_path / "long")!r}).exists(): time.sleep(0.01)
time.sleep(0.3)
{told(tmp_path, 0)}"""
    with begin(tmp_path, script) as process:
        wait_for(tmp_path / "long")
        assert end(process) == (0, "")
    for name in ("short", "long"):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / name).read_text()), 0)
