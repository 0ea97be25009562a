"""Alerts to a program's standard input: one that is kept running, or one run for each alert, as 0.15 does with popen.

The command comes from the configuration and the shell runs it; nothing of an alert is ever part of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from falco.outputs.lines import LineWriter

if TYPE_CHECKING:
    from falco.outputs.lines import RawFile
    from falco.outputs.output import Line


class ProgramOutput:
    """Runs a command in a session of its own, so that Ctrl-C ends Falco first and the command gets the last alerts."""

    name = "program"

    def __init__(self, command: str, *, keep_alive: bool, patience_s: float = 5.0) -> None:
        """patience_s is how long a kept command may go on after the end of its input before it is ended."""
        self.buffered = keep_alive
        self._command = command
        self._keep_alive = keep_alive
        self._patience_s = patience_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = LineWriter()

    def open(self) -> None:
        """Nothing yet: 0.15 starts the program with the first alert."""

    def write(self, lines: Sequence[Line]) -> int:
        if not self._keep_alive:
            self._run_once(lines[0][0])
            return 1
        running = self._process is not None
        try:
            return self._lines.write(self._input(), lines)
        except BrokenPipeError:
            status = self._end()
            if not running:
                raise OSError(f"{self._command}: ended with status {status} without reading") from None
        # It was running and has ended since: a new one gets what the old one did not take.
        return self._lines.write(self._input(), lines)

    def reopen(self) -> None:
        """End a kept program; the next alert starts it anew."""
        self._end()

    def close(self) -> None:
        self._end()

    def _run_once(self, line: bytes) -> None:
        process = self._start()
        process.communicate(line + b"\n")
        if process.returncode:
            raise OSError(f"{self._command}: ended with status {process.returncode}")

    def _input(self) -> RawFile:
        if self._process is None:
            self._process = self._start()
            self._lines = LineWriter()
        return cast("RawFile", self._process.stdin)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ("/bin/sh", "-c", self._command), stdin=subprocess.PIPE, bufsize=0, start_new_session=True
        )

    def _end(self) -> int:
        """End what runs, first by the end of its input; the exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.stdin is not None:
            process.stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(self._patience_s)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        return process.wait()
