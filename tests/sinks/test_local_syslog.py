"""The syslog output speaks to a real rsyslog on its local socket, goes on when that restarts, and forges nothing."""

from __future__ import annotations

import contextlib
import subprocess

import pytest

from falco.alert import Alert
from falco.outputs.channel import Queueing
from falco.outputs.dispatch import Dispatch
from falco.outputs.format import Formatter
from falco.outputs.syslog import SyslogOutput
from falco.priority import Priority
from tests.sinks.servers import until
from tests.sinks.stores import FORGED


@contextlib.contextmanager
def rsyslog(folder):
    """rsyslogd on folder/log, writing facility, severity, tag and text into folder/received."""
    (folder / "rsyslog.conf").write_text(
        f"""
        global(workDirectory="{folder}")
        module(load="imuxsock" SysSock.Use="off")
        input(type="imuxsock" Socket="{folder}/log" CreatePath="on" RateLimit.Interval="0")
        template(name="seen" type="string" string="%syslogfacility-text%.%syslogseverity-text% %programname%:%msg%\\n")
        action(type="omfile" file="{folder}/received" template="seen")
        """
    )
    try:
        process = subprocess.Popen(["rsyslogd", "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid"])
    except FileNotFoundError:
        pytest.skip("rsyslogd is not installed")
    try:
        until((folder / "log").exists, "rsyslogd")
        yield
    finally:
        process.kill()
        process.wait()
        (folder / "log").unlink(missing_ok=True)


def test_alerts_arrive_with_their_severity_and_as_one_line_each(tmp_path):
    dispatch = Dispatch([SyslogOutput(str(tmp_path / "log"))], Queueing(patient=True))
    dispatch.open()
    formatter = Formatter(iso_8601=True)
    received = tmp_path / "received"

    def send(priority, text):
        alert = Alert(1_470_327_477_000_000_000, "r", priority, "syscall", text, {})
        dispatch.write(formatter.line(alert), priority)

    def lines():
        return received.read_text().splitlines() if received.exists() else []

    with rsyslog(tmp_path):
        send(Priority.WARNING, FORGED)
        until(lambda: len(lines()) == 1, "the first alert")
    with rsyslog(tmp_path):
        for number in range(50):
            send(Priority.CRITICAL, f"after a restart {number}")
        until(lambda: len(lines()) == 51, "the others")
    dispatch.close()
    at = "2016-08-04T16:17:57.000000000+0000"
    first, *others = lines()
    assert first.startswith(f"user.warning falco: {at}: Warning x\\n18:00:00.0: Critical forged\\r")
    assert others == [f"user.crit falco: {at}: Critical after a restart {number}" for number in range(50)]
    assert dispatch.lost == {"syslog": 0}
