"""Falco's own log, as against its alerts: one logger, to standard error and to syslog, in the form of 0.15.

Modules write `LOG.warning("...")`; only the command line calls setup().
"""

from __future__ import annotations

import logging
import sys
import syslog
import time

from falco.escape import escape_controls
from falco.priority import Priority

LOG = logging.getLogger("falco")

LEVELS = {
    Priority.EMERGENCY: 70,
    Priority.ALERT: 60,
    Priority.CRITICAL: logging.CRITICAL,
    Priority.ERROR: logging.ERROR,
    Priority.WARNING: logging.WARNING,
    Priority.NOTICE: 25,
    Priority.INFORMATIONAL: logging.INFO,
    Priority.DEBUG: logging.DEBUG,
}
"""Python's level numbers for the severities that log_level names."""


def setup(
    level: Priority = Priority.INFORMATIONAL, *, stderr: bool = True, to_syslog: bool = False, iso_8601: bool = False
) -> None:
    """Say where the log goes; may be called again when the configuration was reloaded."""
    LOG.setLevel(LEVELS[level])
    LOG.propagate = False
    LOG.handlers.clear()
    if stderr:
        LOG.addHandler(StderrHandler(iso_8601=iso_8601))
    if to_syslog:
        LOG.addHandler(SyslogHandler())
    if not LOG.handlers:
        LOG.addHandler(logging.NullHandler())


def complain(message: str) -> None:
    """Log an error, and write it to standard error even if the log does not go there."""
    LOG.error(message)
    if not any(isinstance(handler, StderrHandler) for handler in LOG.handlers) or not LOG.isEnabledFor(logging.ERROR):
        to_stderr(escape_controls(message) + "\n")


def to_stderr(text: str) -> None:
    """Write to standard error; when it is closed there is nobody to tell, and that must not stop a run."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


class StderrHandler(logging.Handler):
    """Lines `Wed Nov 25 04:00:00 2026: message`, or `2026-11-25T04:00:00+0000: message`, to standard error."""

    def __init__(self, *, iso_8601: bool) -> None:
        super().__init__()
        self._iso_8601 = iso_8601

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        to_stderr(f"{self._time(record.created)}: {escape_controls(record.getMessage())}\n")

    def _time(self, seconds: float) -> str:
        if self._iso_8601:
            return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(seconds))
        return time.ctime(seconds)


class SyslogHandler(logging.Handler):
    """The local syslog, facility user, as 0.15 writes it."""

    def __init__(self) -> None:
        super().__init__()
        syslog.openlog("falco", 0, syslog.LOG_USER)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line with the severity nearest to the record's level."""
        severity = next((p for p, number in LEVELS.items() if record.levelno >= number), Priority.DEBUG)
        syslog.syslog(int(severity), escape_controls(record.getMessage()))
