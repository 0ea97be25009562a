"""The container's first process: runs supervisord, passes signals on, reaps what is left over, and has the exit status.

It imports nothing that it does not need, since it stays in memory as long as the container lives.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from falco.appliance import place

SUPERVISORD = "/usr/bin/supervisord"
PREPARE = (sys.executable, "-P", "-m", "falco.appliance.entry", "--prepare-again")
"""Renders the configuration anew: a mounted file may have changed."""
_SET_CHILD_SUBREAPER = 36
_GRACE_S = 3.0
_TO_DETECTOR = (signal.SIGHUP, signal.SIGUSR1)
"""What a running falco takes: load anew, open outputs anew."""


class Init:
    """Runs one command, supervisord, to its end."""

    def __init__(self, directory: Path, command: Sequence[str], prepare: Sequence[str] = PREPARE) -> None:
        self._directory, self._command, self._prepare = directory, command, prepare
        self._asked = False
        self._child = 0

    def run(self) -> int:
        """The exit status of the container, after its reason was told."""
        # With the host's process ids we are not process 1, and would not get what is left over otherwise.
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for number in _TO_DETECTOR:
            signal.signal(number, self._pass_on)
        (self._directory / place.OUTCOME).unlink(missing_ok=True)
        process = subprocess.Popen(self._command, start_new_session=True)
        self._child = process.pid
        if self._asked:  # A signal came before there was anyone to pass it to.
            os.kill(self._child, signal.SIGTERM)
        status = self._reap_until(self._child)
        process.returncode = status
        self._end_leftovers()
        return self._conclude(status)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if self._child:
            os.kill(self._child, signal.SIGTERM)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and subprocess.run(self._prepare, check=False).returncode:
            return  # It said why, and everything stays as it was.
        try:
            os.kill(int((self._directory / place.PID).read_text(encoding="ascii")), number)
        except (OSError, ValueError):
            _say(f"{signal.Signals(number).name} is passed over: the detector does not run yet")

    def _reap_until(self, child: int) -> int:
        while True:
            pid, status = os.wait()
            if pid == child:
                return os.waitstatus_to_exitcode(status)

    def _end_leftovers(self) -> None:
        """End what supervisord left behind when it was killed, so that the store is closed as at every other end."""
        for number, grace_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, 1.0)):
            for pid in _children():
                os.kill(pid, number)
            end = time.monotonic() + grace_s
            while time.monotonic() < end:
                try:
                    if os.waitpid(-1, os.WNOHANG)[0] == 0:
                        time.sleep(0.02)
                except ChildProcessError:
                    return

    def _conclude(self, status: int) -> int:
        if self._asked:
            return 0
        try:
            outcome = json.loads((self._directory / place.OUTCOME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            _say(f"falco: supervisord ended by itself with status {status}")
            return 1
        if outcome["status"]:
            _say(f"falco: the detector ended: {outcome['reason'] or 'without a word'}")
        return int(outcome["status"])


def _children() -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in brackets may hold anything, so what follows is counted from its end.
            fields = stat.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and fields[0] != b"Z":
            found.append(int(stat.parent.name))
    return found


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main(directory: Path) -> int:
    """Run the container."""
    return Init(directory, (SUPERVISORD, "-c", str(directory / place.SUPERVISORD_CONF))).run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
