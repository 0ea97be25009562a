"""What an output is: a place that takes finished lines. It runs in a thread of its own, so it may wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from falco.priority import Priority

Line = tuple[bytes, "Priority"]
"""An alert as it is written, without a line end, and its severity."""


class Output(Protocol):
    """One destination of alerts. Each method raises OSError when it cannot, and may be tried again."""

    name: str
    buffered: bool
    """Whether lines may be collected before they are written."""

    def open(self) -> None:
        """Make sure that the destination can be written to. Called by the thread that sets Falco up."""
        ...

    def write(self, lines: Sequence[Line]) -> int:
        """Write some of the lines, the first ones, and say how many. OSError if the first cannot be written."""
        ...

    def reopen(self) -> None:
        """Open the destination anew: somebody has moved the file away."""
        ...

    def close(self) -> None:
        """Let go of the destination."""
        ...
