"""Prints what a command answers on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from falco.escape import escape_controls


def say(lines: Iterable[str]) -> None:
    """Print lines at once; text from rules in them cannot steer the terminal."""
    sys.stdout.write("".join(f"{escape_controls(line)}\n" for line in lines))
    sys.stdout.flush()
