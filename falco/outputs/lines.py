"""Lines into a file descriptor, with an exact count of what got there: a disk may be full in the middle of one."""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from falco.outputs.output import Line


class RawFile(Protocol):
    """A file without a buffer."""

    def write(self, data: bytes, /) -> int | None:
        """Write some of the data and say how much of it; None where that would have to wait."""
        ...

    def fileno(self) -> int:
        """The descriptor."""
        ...


class LineWriter:
    """Writes lines. One that was cut off is ended before the next one, so that each alert has its own line."""

    def __init__(self) -> None:
        self._torn = False

    def write(self, file: RawFile, lines: Sequence[Line]) -> int:
        """Write lines in as few calls as possible, and say how many got out whole. OSError if the first did not."""
        head = b"\n" if self._torn else b""
        data = head + b"\n".join([line for line, _ in lines]) + b"\n"
        done = 0
        try:
            while done < len(data):
                # A descriptor that does not wait (someone set it so for a whole terminal) is waited for here.
                written = file.write(data[done:] if done else data)
                if written is None:
                    select.select((), (file.fileno(),), ())
                done += written or 0
        except OSError:
            whole = data.count(b"\n", len(head), done)
            self._torn = data[done - 1] != 0x0A if done else self._torn
            if not whole:
                raise
            return whole
        self._torn = False
        return len(lines)
