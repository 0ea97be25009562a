"""Which outputs there are, in 0.15's order, and how each is made from the configuration."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from falco.outputs.channel import Queueing
from falco.outputs.dispatch import Dispatch
from falco.outputs.file import FileOutput
from falco.outputs.program import ProgramOutput
from falco.outputs.stream import StreamOutput
from falco.outputs.syslog import SyslogOutput

if TYPE_CHECKING:
    from falco.config_schema import Config
    from falco.outputs.output import Output

_LIVE_TIMEOUT_S = 4.0
"""How long a live run waits for its outputs when it ends: whoever stops it (docker stop) waits for 10 s."""


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """An output of the table."""

    enabled: Callable[[Config], bool]
    make: Callable[[Config], Output]


def _file(config: Config) -> Output:
    wanted = config.file_output
    # The path is settled now: in the background the working directory changes.
    return FileOutput(str(Path(wanted.filename).absolute()), keep_alive=wanted.keep_alive)


def _stdout(config: Config) -> Output:
    return StreamOutput("stdout", sys.stdout.buffer)


def _stderr(config: Config) -> Output:
    return StreamOutput("stderr", sys.stderr.buffer)


def _syslog(config: Config) -> Output:
    return SyslogOutput()


def _program(config: Config) -> Output:
    return ProgramOutput(config.program_output.program, keep_alive=config.program_output.keep_alive)


def _http(config: Config) -> Output:
    # Its libraries take 15 ms to load, which every start of the command would pay for.
    from falco.outputs.http import HttpOutput  # noqa: PLC0415

    return HttpOutput(config.http_output.url)


OUTPUTS = {
    "file": Declared(lambda c: c.file_output.enabled, _file),
    "stdout": Declared(lambda c: c.stdout_output.enabled, _stdout),
    "stderr": Declared(lambda c: c.stderr_output.enabled, _stderr),
    "syslog": Declared(lambda c: c.syslog_output.enabled, _syslog),
    "program": Declared(lambda c: c.program_output.enabled, _program),
    "http": Declared(lambda c: c.http_output.enabled, _http),
}


def build(config: Config, *, replay: bool = True, stored: bool = False) -> Dispatch:
    """The enabled outputs, not opened yet. stored says that alerts are kept in the store as well."""
    wanted = config.outputs
    queueing = Queueing(
        capacity=wanted.queue_capacity,
        patient=replay,
        timeout_s=wanted.delivery_timeout if replay else min(_LIVE_TIMEOUT_S, wanted.delivery_timeout),
        buffered=config.buffered_outputs,
    )
    outputs = [declared.make(config) for declared in OUTPUTS.values() if declared.enabled(config)]
    return Dispatch(outputs, queueing, stored=stored)
