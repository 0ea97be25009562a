"""Prints what a command answers on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from falco.errors import FalcoError
from falco.escape import escape_controls


def say(lines: Iterable[str]) -> None:
    """Print lines at once; text from rules in them cannot steer the terminal. Raises what write() does."""
    write("".join(f"{escape_controls(line)}\n" for line in lines))


def write(text: str) -> None:
    """Print text as it stands. FalcoError if standard output takes no more; BrokenPipeError if nobody reads it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FalcoError(f"Standard output cannot be written: {error.strerror}") from None
