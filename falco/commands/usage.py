"""Prints what the command is: -h and --version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco import VERSION
from falco.commands.arguments import build_parser
from falco.commands.say import say

if TYPE_CHECKING:
    from falco.commands.options import Options


def print_help(_options: Options) -> int:
    """-h: the options."""
    say(build_parser().format_help().splitlines())
    return 0


def print_version(_options: Options) -> int:
    """--version."""
    say([f"falco version {VERSION}"])
    return 0
