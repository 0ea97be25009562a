"""Secrets, from files: never from the command line, the environment or falco.yaml."""

from __future__ import annotations

from pathlib import Path

from falco.forwarders.destination import TryLaterError


def read(path: str) -> str:
    """The content of a file without its line end; empty for no file. TryLaterError if it cannot be read (yet)."""
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise TryLaterError(f"{path} cannot be read: {reason}") from None
