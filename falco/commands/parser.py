"""The parser of command lines: mistakes are UsageErrors. With it, what may stand behind an option."""

from __future__ import annotations

import argparse
from typing import NoReturn

from falco.errors import FalcoError

_MAX_INTERVAL_MS = 10**9
"""Some days, which every timer can do."""


class UsageError(FalcoError):
    """The command line cannot be understood; command is that whose --help tells how it would be."""

    def __init__(self, message: str, command: str = "falco") -> None:
        self.command = command
        super().__init__(message)


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, self.prog)


def natural(text: str) -> int:
    """A whole number from 0 on."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text[:18])


def positive(text: str) -> int:
    """A whole number from 1 on."""
    number = natural(text)
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number


def interval(text: str) -> int:
    """Milliseconds, from 1 on."""
    number = positive(text)
    if number > _MAX_INTERVAL_MS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {_MAX_INTERVAL_MS}")
    return number


def file(text: str) -> str:
    """A file's name."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name is no file")
    return text


def duration(text: str) -> int:
    """Seconds, from 1 on."""
    if not text.isascii() or not text.isdigit() or not int(text[:18]):
        raise argparse.ArgumentTypeError(f"invalid duration {text!r}: a whole number of seconds above 0 is needed")
    return int(text[:18])
