"""-w: what is recorded, and into which files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.capture.scap.recorder import Recorder
from falco.capture.scap.rotate import Rotation
from falco.errors import FalcoError
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.codegen import compile_filter
from falco.filter.parser import parse_condition

if TYPE_CHECKING:
    from falco.commands.options import Options

_MB = 1_000_000
"""What sysdig's -C counts in."""


def recorder(options: Options) -> Recorder | None:
    """The recorder that the options ask for, None if they ask for none. RulesError for a bad --filter."""
    wanted = (options.filter, options.rotate_size_mb, options.rotate_seconds, options.rotate_events, options.compress)
    if options.writefile is None:
        if any(wanted):
            raise FalcoError("--filter, --rotate-* and --compress need a recording: -w FILE")
        return None
    if options.rotate_count and not any(wanted[1:4]):
        raise FalcoError("--rotate-count needs --rotate-size, --rotate-seconds or --rotate-events")
    condition = None
    if options.filter is not None:
        condition = compile_filter(check(parse_condition(options.filter, "--filter"), SYSCALL_FIELDS))
    rotation = Rotation(
        size_bytes=options.rotate_size_mb * _MB,
        seconds=options.rotate_seconds,
        events=options.rotate_events,
        max_files=options.rotate_count,
    )
    return Recorder(options.writefile, rotation, options.compress, condition)
