"""All outputs as one: a line goes to each of them, and one that fails does not keep it from the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from falco.logs import complain

if TYPE_CHECKING:
    from falco.outputs.output import Output
    from falco.priority import Priority


class Dispatch:
    """Hands lines to every output. A failure is told once for each output and counted.

    A reader that has gone away from the only output (`falco ... | head`) ends the run: BrokenPipeError comes out.
    """

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = tuple(outputs)
        self.lost = {output.name: 0 for output in self._outputs}

    def open(self) -> None:
        """Open every output; OSError, with the output's name, for one that cannot be."""
        for output in self._outputs:
            try:
                output.open()
            except OSError as error:
                raise OSError(error.errno, f"Error with {output.name} output: {_reason(error)}") from None

    def write(self, line: str, priority: Priority) -> None:
        """Hand a line to every output."""
        data = line.encode("utf-8", "replace")
        for output in self._outputs:
            try:
                output.write(data, priority)
            except OSError as error:
                self._failed(output, error)

    def reopen(self) -> None:
        """Reopen every output."""
        self._each(lambda output: output.reopen())

    def close(self) -> None:
        """Close every output and say how many lines were lost."""
        self._each(lambda output: output.close())
        for name, count in self.lost.items():
            if count > 1:
                complain(f"{name} output: {count} alerts could not be written")

    def _each(self, act: Callable[[Output], None]) -> None:
        for output in self._outputs:
            try:
                act(output)
            except OSError as error:
                self._failed(output, error)

    def _failed(self, output: Output, error: OSError) -> None:
        if isinstance(error, BrokenPipeError) and len(self._outputs) == 1:
            raise error
        self.lost[output.name] += 1
        if self.lost[output.name] == 1:
            complain(f"{output.name} output: an alert could not be written: {_reason(error)}")


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason
