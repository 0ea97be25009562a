"""Integer parameters that stand side by side in an event, read in one go.

Some events carry a dozen numbers, which take longer to read one after the other than all that is then done with them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Generic, TypeVar

from falco.events.decode import signed, unsigned
from falco.events.event import LENGTH_SIZES

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.events.event import Event
    from falco.events.table import EventType

Absent = TypeVar("Absent", int, None)
_BEYOND = 63
"""An index that no parameter has."""


class Integers(Generic[Absent]):
    """Reads some numbers of one event type, whatever their width; quickly if they are neighbours of the usual one.

    Each number is a parameter's name, its usual width and sign as a letter of struct, and what it reads as where the
    event, or the event type, lacks it.
    """

    __slots__ = ("_end", "_first", "_numbers", "_unpack", "_widths", "_widths_at")

    def __init__(self, event_type: EventType, *numbers: tuple[str, str, Absent]) -> None:
        found = [event_type.index(name) for name, _, _ in numbers]
        indexes = [_BEYOND if index is None else index for index in found]
        self._numbers: tuple[tuple[int, Callable[[bytes], int], Absent], ...] = tuple(
            (index, signed if letter.islower() else unsigned, absent)
            for index, (_, letter, absent) in zip(indexes, numbers, strict=True)
        )
        first, layout = indexes[0], "<" + "".join(letter for _, letter, _ in numbers)
        neighbours = indexes == list(range(first, first + len(numbers)))
        size = LENGTH_SIZES[event_type.code]
        self._unpack = struct.Struct(layout).unpack_from
        self._widths = b"".join(struct.calcsize(f"<{letter}").to_bytes(size, "little") for letter in layout[1:])
        self._widths_at = first * size
        self._first, self._end = first, first + len(numbers) if neighbours else _BEYOND + 1

    def of(self, event: Event) -> tuple[int | Absent, ...]:
        """The numbers in their order; EventError if the lengths do not fit the event, or for an impossible width."""
        if event.nparams >= self._end and event.buffer.startswith(self._widths, event.offset + self._widths_at):
            return self._unpack(event.buffer, event.bounds()[self._first])
        return tuple([decode(raw) if (raw := event.raw(index)) else absent for index, decode, absent in self._numbers])
