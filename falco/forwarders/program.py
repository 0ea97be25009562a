"""Alerts to a program: one run for each, the alert on its standard input and its id in FALCO_ALERT_ID."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.text import line

if TYPE_CHECKING:
    from falco.config_forwarders import Program
    from falco.store.record import StoredAlert

_LATER = {os.EX_TEMPFAIL, os.EX_UNAVAILABLE, 126, 127}
"""Statuses that are not about the alert: those of sysexits.h for that, and the shell's for a command it cannot run."""


class ProgramDestination:
    """Status 0 means that the alert was taken, 75 (EX_TEMPFAIL) to try later, any other that it is refused."""

    batch = 100

    def __init__(self, settings: Program) -> None:
        self._settings = settings

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        for alert in alerts:
            self._run(alert)
            yield 1

    def idle(self) -> None:
        """Nothing to look after."""

    def close(self) -> None:
        """Nothing to close: each run has ended."""

    def _run(self, alert: StoredAlert) -> None:
        text = alert.json if self._settings.format == "json" else line(alert)
        process = subprocess.Popen(
            ("/bin/sh", "-c", self._settings.program),
            stdin=subprocess.PIPE,
            env=os.environ | {"FALCO_ALERT_ID": alert.id},
            start_new_session=True,
        )
        try:
            process.communicate(f"{text}\n".encode("utf-8", "replace"), self._settings.timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise TryLaterError(f"the program did not end within {self._settings.timeout:g} s") from None
        status = process.returncode
        if status < 0 or status in _LATER:
            raise TryLaterError(f"the program ended with status {status}")
        if status:
            raise RefusedError(f"the program ended with status {status}")
