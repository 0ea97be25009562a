"""The eight severities of syslog, which 0.15 uses for rules and for its own log alike."""

from __future__ import annotations

import enum


class Priority(enum.IntEnum):
    """A severity, 0 the worst; the numbers are those of syslog(3)."""

    EMERGENCY = 0
    ALERT = 1
    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFORMATIONAL = 6
    DEBUG = 7

    @property
    def label(self) -> str:
        """The name as alerts print it."""
        return self.name.capitalize()
