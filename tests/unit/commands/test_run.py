from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.unit.conftest import CAT_WRITE, FALCO, RULE, falco

pytestmark = pytest.mark.usefixtures("away_from_any_configuration")


def test_an_alert_and_the_statistics(config_file, rules_file):
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", rules_file)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "16:17:57.882054739: Warning An open was seen /dev/null",
        "Events detected: 1",
        "Rule counts by severity:",
        "   WARNING: 1",
        "Triggered rules by rule name:",
        "   open_from_cat: 1",
    ]
    assert f"Falco initialized with configuration file {config_file}" in done.stderr
    assert f"Loading rules from file {rules_file}:" in done.stderr


def test_the_log_is_iso_8601_from_its_first_character(config_file, rules_file):
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-o", "time_format_iso_8601=true")
    assert re.search(r"^\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", done.stderr)
    assert "2016-08-04T16:17:57.882054739+0000: Warning An open was seen" in done.stdout


def test_a_bad_option_value_ends_with_1(config_file, rules_file):
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-o", "json_output=maybe")
    assert done.returncode == 1
    assert "-o:1:13: error: json_output cannot be" in done.stderr


def test_alerts_before_the_damage_are_printed(config_file, rules_file, tmp_path):
    whole = CAT_WRITE.read_bytes()
    damaged = tmp_path / "damaged.scap"
    # The alert's event is among the last of this capture.
    data = subprocess.run(["gzip", "-dc"], input=whole, capture_output=True, check=True).stdout
    damaged.write_bytes(data[:-5])
    done = falco("-c", config_file, "-e", damaged, "-r", rules_file)
    assert done.returncode == 1
    assert "An open was seen /dev/null" in done.stdout
    assert re.search(r"damaged\.scap: byte \d+: truncated", done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "too short"),
        (b"\x00" * 100, "not a .scap capture"),
        (b'{"kind": "Event"}', "line 1 is no Kubernetes audit event: the event has no stageTimestamp"),
    ],
)
def test_what_is_no_capture(config_file, rules_file, tmp_path, content, message):
    path = tmp_path / "x"
    path.write_bytes(content)
    done = falco("-c", config_file, "-e", path, "-r", rules_file)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_capture_that_is_not_there(config_file, rules_file):
    done = falco("-c", config_file, "-e", "/none", "-r", rules_file)
    assert done.returncode == 1
    assert "/none" in done.stderr


def test_an_output_that_cannot_be_opened_is_told_at_the_start(config_file, rules_file):
    done = falco(
        *("-c", config_file, "-e", CAT_WRITE, "-r", rules_file),
        *("-o", "file_output.enabled=true", "-o", "file_output.filename=/none/x"),
    )
    assert done.returncode == 1
    assert "Error with file output: /none/x: No such file or directory" in done.stderr


def test_a_full_disk_is_told_once_and_standard_output_goes_on(config_file, rules_file):
    done = falco(
        *("-c", config_file, "-e", CAT_WRITE, "-r", rules_file),
        *("-o", "file_output.enabled=true", "-o", "file_output.filename=/dev/full"),
    )
    assert done.returncode == 0
    assert done.stderr.count("No space left on device") == 1
    assert "An open was seen" in done.stdout


class Fed:
    """A falco that reads a capture from a pipe, which is fed in two parts. prefix is a command that runs it."""

    def __init__(self, *args, capture="-", prefix=()):
        data = subprocess.run(["gzip", "-dc", CAT_WRITE], capture_output=True, check=True).stdout
        # The event that gives the alert comes well inside the second part.
        middle = data.rindex(b"/dev/null") - 2000
        self.first, self.rest = data[:middle], data[middle:]
        self.process = subprocess.Popen(
            [*prefix, *FALCO, "-e", str(capture), *map(str, args)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._deadline = threading.Timer(30, self.process.kill)
        self._deadline.start()

    def begin(self):
        """Feed the first part and wait until all of it has been looked at."""
        self._feed(self.first)
        self.read_log_until("Reading system call events")
        self.wait_until_it_waits()

    def read_log_until(self, text):
        """Read the log until a line has the text."""
        assert self.process.stderr is not None
        seen = ""
        while text not in seen:
            line = self.process.stderr.readline().decode()
            assert line, seen
            seen += line

    def wait_until_it_waits(self):
        """Wait until it waits for something to read."""
        # On Linux a process that waits for a file to have something says so here.
        waits_for = Path(f"/proc/{self.process.pid}/wchan")
        while "poll" not in waits_for.read_text():
            time.sleep(0.01)

    def end(self, *signals):
        """Send signals, feed the rest, and give what was printed."""
        for number in signals:
            self.process.send_signal(number)
        self._feed(self.rest)
        return self.printed()

    def printed(self):
        """What was printed, once the process has ended."""
        out, err = self.process.communicate()
        self._deadline.cancel()
        return out.decode(), err.decode()

    def stop(self, number):
        """Send a signal while nothing comes any more; how long the end took in seconds, and what was printed."""
        self.process.send_signal(number)
        began = time.monotonic()
        self.process.wait(10)
        return time.monotonic() - began, *self.printed()

    def _feed(self, data):
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()


@pytest.mark.parametrize("output", ["changed %evt.type", "%nope"])
def test_hangup_reloads_and_keeps_the_old_rules_if_the_new_ones_are_bad(config_file, rules_file, output):
    fed = Fed("-c", config_file, "-r", rules_file)
    fed.begin()
    rules_file.write_text(RULE.format(output=output))
    out, err = fed.end(signal.SIGHUP)
    assert fed.process.returncode == 0
    assert "SIGHUP received" in err
    if output == "%nope":
        assert "An open was seen /dev/null" in out
        assert "Reload failed, everything stays as it was" in err
        assert f"{rules_file}:5:12: error" in err
    else:
        assert "Warning changed open" in out


def test_user_signal_reopens_a_rotated_file(config_file, rules_file, tmp_path):
    alerts = tmp_path / "alerts"
    settings = ("file_output.enabled=true", f"file_output.filename={alerts}", "file_output.keep_alive=true")
    fed = Fed("-c", config_file, "-r", rules_file, *(word for setting in settings for word in ("-o", setting)))
    fed.begin()
    shutil.move(alerts, tmp_path / "rotated")
    fed.end(signal.SIGUSR1)
    assert fed.process.returncode == 0
    assert "An open was seen" in alerts.read_text()


IGNORING = ("sh", "-c", 'trap "" INT TERM; exec "$@"', "sh")


@pytest.mark.parametrize(
    ("number", "prefix", "packed"),
    [
        (signal.SIGINT, (), False),
        (signal.SIGTERM, (), True),
        (signal.SIGINT, IGNORING, True),
        (signal.SIGTERM, IGNORING, False),
    ],
)
def test_a_stop_signal_ends_a_replay_in_which_nothing_comes(config_file, rules_file, number, prefix, packed):
    fed = Fed("-c", config_file, "-r", rules_file, prefix=prefix)
    fed.first = CAT_WRITE.read_bytes() if packed else fed.first + fed.rest
    fed.begin()
    took_s, out, err = fed.stop(number)
    assert (fed.process.returncode, took_s < 1) == (0, True)
    assert f"{number.name} received, exiting" in err
    assert "Warning An open was seen" in out
    assert "Events detected: 1" in out


@pytest.mark.parametrize(("number", "source"), [(signal.SIGINT, "-"), (signal.SIGTERM, "pipe")])
def test_a_stop_signal_ends_a_replay_in_which_nothing_has_come_yet(config_file, rules_file, number, source):
    os.mkfifo("pipe")
    fed = Fed("-c", config_file, "-r", rules_file, capture=source)
    fed.wait_until_it_waits()
    took_s, out, err = fed.stop(number)
    assert (fed.process.returncode, took_s < 1) == (0, True)
    assert "received, exiting" in err
    assert "Events detected: 0" in out


def test_hangup_is_heard_while_nothing_comes(config_file, rules_file):
    fed = Fed("-c", config_file, "-r", rules_file)
    fed.begin()
    fed.process.send_signal(signal.SIGHUP)
    fed.read_log_until("Reloaded")
    fed.stop(signal.SIGTERM)


def test_statistics_are_sampled_into_a_file(config_file, rules_file, tmp_path):
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-s", tmp_path / "stats", "-A")
    assert done.returncode == 0
    sample = json.loads((tmp_path / "stats").read_text())
    assert sample["cur"] == sample["delta"]
    assert sample["cur"]["events"] > 100


def test_a_recording_holds_what_was_replayed(config_file, tmp_path):
    copy = tmp_path / "copy.scap"
    assert falco("-c", config_file, "-e", CAT_WRITE, "-w", copy).returncode == 0
    rules_file = tmp_path / "rules.yaml"
    rules_file.write_text(RULE.format(output="An open was seen %fd.name %evt.num"))
    outs = [falco("-c", config_file, "-e", capture, "-r", rules_file).stdout for capture in (CAT_WRITE, copy)]
    assert outs[0] == outs[1]
    assert "An open was seen" in outs[0]


def test_a_recording_on_standard_output_has_it_for_itself(config_file, rules_file):
    done = subprocess.run(
        [*FALCO, "-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-w", "-"],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout[:4] == b"\x0a\x0d\x0d\x0a"
    assert b"An open was seen" not in done.stdout
    assert b"Warning An open was seen" in done.stderr
    assert b"Events detected: 1" in done.stderr


def test_options_that_have_no_effect_are_told_once(config_file, rules_file):
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-m", "http://x")
    assert done.returncode == 0
    assert done.stderr.count("Mesos is not supported") == 1


def test_all_outputs_together(config_file, rules_file, tmp_path):
    printed, piped = tmp_path / "printed", tmp_path / "piped"
    done = falco(
        *("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-o", "stderr_output.enabled=true"),
        *("-o", "file_output.enabled=true", "-o", f"file_output.filename={printed}"),
        *("-o", "program_output.enabled=true", "-o", f"program_output.program=cat >>{piped}"),
        *("-o", "http_output.enabled=true", "-o", "http_output.url=http://127.0.0.1:1/"),
    )
    assert done.returncode == 0
    line = "16:17:57.882054739: Warning An open was seen /dev/null\n"
    assert all(line in text for text in (done.stdout, done.stderr, printed.read_text(), piped.read_text()))
    assert "http output: an alert could not be written: [Errno 111] Connection refused" in done.stderr


def test_an_output_that_hangs_costs_a_replay_only_the_time_that_is_allowed(config_file, rules_file):
    done = falco(
        *("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-o", "outputs.delivery_timeout=0.2"),
        *("-o", "program_output.enabled=true", "-o", "program_output.program=sleep 1"),
    )
    assert done.returncode == 0
    assert "Warning An open was seen" in done.stdout
    assert "program output: gave up after 0.2 s, 1 alerts were not delivered" in done.stderr


@pytest.mark.parametrize(("seconds", "found"), [("1", 0), ("1000", 1)])
def test_a_time_limit_ends_the_run(config_file, rules_file, seconds, found):
    # The event that the rule is about comes some seconds after the first one.
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-M", seconds)
    assert done.returncode == 0
    assert f"Events detected: {found}" in done.stdout


def test_json_alerts_are_lines_beside_the_statistics(config_file, rules_file):
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", rules_file, "-o", "json_output=true")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    alert = json.loads(line)
    assert list(alert) == ["output", "priority", "rule", "time", "output_fields"]
    assert alert["output_fields"] == {"evt.time": 1470327477882054739, "fd.name": "/dev/null"}


AUDIT_RULE = """
- rule: Pod made
  desc: A pod is made
  condition: ka.verb=create and ka.target.resource=pods
  output: A pod was made (user=%ka.user.name image=%ka.req.container.image[1])
  priority: INFO
  source: k8s_audit
"""


def test_audit_events_are_replayed_with_their_own_rules(config_file, rules_file, captures):
    rules_file.write_text(rules_file.read_text() + AUDIT_RULE)
    capture = captures / "k8s_audit" / "create_nginx_pod_privileged_2nd_container.json"
    done = falco("-c", config_file, "-e", capture, "-r", rules_file, "-o", "json_output=true", "-v")
    assert done.returncode == 0, done.stderr
    alert = json.loads(done.stdout.splitlines()[0])
    user = "system:serviceaccount:kube-system:replicaset-controller"
    assert alert["output"] == f"17:53:07.006845000: Informational A pod was made (user={user} image=mysql:latest)"
    assert alert["output_fields"] == {
        "jevt.time": "17:53:07.006845000", "ka.req.container.image": "mysql:latest", "ka.user.name": user,
    }  # fmt: skip
    assert "Events detected: 1\n" in done.stdout
    assert "Driver Events:1\n" in done.stderr


def test_audit_events_are_not_recorded(config_file, rules_file, captures, tmp_path):
    capture = captures / "k8s_audit" / "attach_pod.json"
    done = falco("-c", config_file, "-e", capture, "-r", rules_file, "-w", tmp_path / "x.scap")
    assert done.returncode == 1
    assert "-w records only system calls" in done.stderr
