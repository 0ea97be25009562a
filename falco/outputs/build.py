"""Which outputs there are, in 0.15's order, and how each is made from the configuration."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from falco.outputs.dispatch import Dispatch
from falco.outputs.file import FileOutput
from falco.outputs.stream import StreamOutput

if TYPE_CHECKING:
    from falco.config_schema import Config
    from falco.outputs.output import Output


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """An output of the table. make is None for one that is not built yet: enabling it gives a warning."""

    enabled: Callable[[Config], bool]
    make: Callable[[Config], Output] | None


def _file(config: Config) -> Output:
    wanted = config.file_output
    # The path is settled now: in the background the working directory changes.
    return FileOutput(
        str(Path(wanted.filename).absolute()), keep_alive=wanted.keep_alive, buffered=config.buffered_outputs
    )


def _stdout(config: Config) -> Output:
    return StreamOutput("stdout", sys.stdout.buffer, buffered=config.buffered_outputs)


def _stderr(config: Config) -> Output:
    return StreamOutput("stderr", sys.stderr.buffer, buffered=config.buffered_outputs)


OUTPUTS = {
    "file": Declared(lambda c: c.file_output.enabled, _file),
    "stdout": Declared(lambda c: c.stdout_output.enabled, _stdout),
    "stderr": Declared(lambda c: c.stderr_output.enabled, _stderr),
    "syslog": Declared(lambda c: c.syslog_output.enabled, None),
    "program": Declared(lambda c: c.program_output.enabled, None),
    "http": Declared(lambda c: c.http_output.enabled, None),
}


def build(config: Config) -> Dispatch:
    """The enabled outputs, not opened yet."""
    enabled = [declared.make for declared in OUTPUTS.values() if declared.enabled(config) and declared.make]
    return Dispatch([make(config) for make in enabled])


def missing(config: Config) -> list[str]:
    """The names of outputs that are enabled but not there."""
    return [name for name, declared in OUTPUTS.items() if declared.enabled(config) and declared.make is None]
