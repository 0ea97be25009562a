"""What an output is: a place that takes finished lines. Each raises OSError when it cannot, and may be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from falco.priority import Priority


class Output(Protocol):
    """One destination of alerts. write() must not wait for a slow receiver longer than a pipe or disk makes it."""

    name: str

    def open(self) -> None:
        """Make sure that the destination can be written to."""
        ...

    def write(self, line: bytes, priority: Priority) -> None:
        """Take one line, which carries no line end."""
        ...

    def reopen(self) -> None:
        """Open the destination anew: somebody has moved the file away."""
        ...

    def close(self) -> None:
        """Hand over what is buffered and let go."""
        ...
