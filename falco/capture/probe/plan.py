"""What of the compiled probe is wanted: which programs, where they hang, and what their maps hold at the start."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """tracepoints: program -> the kernel's tracepoint, in the order in which they are attached.

    tail_calls: a map of programs -> its index -> the program there. arrays: an array -> its index -> the value's bytes.
    """

    tracepoints: dict[str, str]
    tail_calls: dict[str, dict[int, str]]
    arrays: dict[str, dict[int, bytes]]

    @property
    def programs(self) -> tuple[str, ...]:
        """Every program that is wanted, once, those that others call before those that call them."""
        called = (name for slots in self.tail_calls.values() for name in slots.values())
        return tuple(dict.fromkeys((*called, *self.tracepoints)))
