"""The event that travels from source to alert.

One Event object is reused for a whole run (no allocation per event): a source frames it with begin(), state fills in
whose it is, rules and outputs read it. Whoever wants to keep something copies it out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from falco.events.decode import DECODERS, EventError, signed
from falco.events.table import EVENT_TABLE, EventType
from falco.events.types import EventFlag

if TYPE_CHECKING:
    from falco.state.fds import FdInfo
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

_DECODERS: tuple[tuple[Callable[[bytes], object], ...], ...] = tuple(
    tuple(DECODERS[param.type] for param in event_type.params) for event_type in EVENT_TABLE
)
LENGTH_SIZES = bytes(4 if t.flags & EventFlag.LARGE_PAYLOAD else 2 for t in EVENT_TABLE)
"""Event code -> bytes of each parameter's length."""
LENGTHS = tuple(struct.Struct(f"<{n}H") for n in range(64))
"""Number of parameters -> how their lengths are read where each has two bytes."""
MAX_PARAMS = len(LENGTHS) - 1
ABSENT = MAX_PARAMS
"""An index beyond every event's parameters, which reads as absent."""
_INT64 = struct.Struct("<q").unpack_from


class Event:
    """A framed event: header decoded, parameters decoded on demand.

    num counts from 1 over all event blocks; ts is ns since the epoch; tid is signed; code indexes EVENT_TABLE.
    hidden marks events that only update state (STATE_ONLY, internal ones). Filled in by state: thread, fd (the fd
    the event works on, if known), fd_num (-1 unless it has one), error (errno, 0 if it did not fail), latency (ns),
    fd_name_changed, and path (the absolute path of a failed open and the like, else None). state is the tables that
    the event is seen against.
    """

    __slots__ = (
        "_bounds",
        "buffer",
        "code",
        "cpu",
        "end",
        "error",
        "fd",
        "fd_name_changed",
        "fd_num",
        "hidden",
        "latency",
        "nparams",
        "num",
        "offset",
        "path",
        "state",
        "thread",
        "tid",
        "ts",
    )

    def __init__(self, state: State) -> None:
        self.state = state
        self.thread: ThreadInfo | None = None
        self.fd: FdInfo | None = None
        self.path: str | None = None
        self.fd_num = -1
        self.error = self.latency = 0
        self.fd_name_changed = False
        self.begin(0, 0, 0, -1, 0, b"", 0, 0, 0)

    def begin(  # noqa: PLR0913 - the event path passes plain values, an object to hold them would cost per event
        self, num: int, cpu: int, ts: int, tid: int, code: int, buffer: bytes, offset: int, end: int, nparams: int
    ) -> None:
        """Frame a new event: offset is where its parameter lengths begin in buffer, end where its bytes stop."""
        self.num, self.cpu, self.ts, self.tid, self.code = num, cpu, ts, tid, code
        self.buffer, self.offset, self.end, self.nparams = buffer, offset, end, nparams
        self._bounds: list[int] | None = None
        self.hidden = False

    @property
    def type(self) -> EventType:
        """The event's row of the event table."""
        return EVENT_TABLE[self.code]

    def bounds(self) -> list[int]:
        """Where in buffer each parameter begins, and where the last one stops.

        EventError if the lengths do not fit the event.
        """
        return self._bounds or self._frame()

    def raw(self, index: int) -> bytes:
        """A parameter's bytes, empty where it is absent. EventError if the lengths do not fit the event."""
        if index >= self.nparams:
            return b""
        bounds = self._bounds or self._frame()
        return self.buffer[bounds[index] : bounds[index + 1]]

    def first(self) -> int | None:
        """The first parameter as a signed integer, None where it is absent.

        Nearly every event has its fd or result there, in eight bytes: these are read without framing the parameters.
        """
        count, at, buffer = self.nparams, self.offset, self.buffer
        if count and buffer[at] == 8 and not buffer[at + 1] and LENGTH_SIZES[self.code] == 2:
            at += 2 * count
            if at + 8 <= self.end:
                return int(_INT64(buffer, at)[0])
        raw = self.raw(0)
        return signed(raw) if raw else None

    def param(self, index: int) -> object:
        """A parameter's value as falco.events.decode makes it, None where it is absent."""
        raw = self.raw(index)
        return _DECODERS[self.code][index](raw) if raw else None

    def params(self) -> tuple[bytes, ...]:
        """All parameters' bytes, to keep an enter event for its exit."""
        bounds, buffer = self.bounds(), self.buffer
        if self.nparams == 1:
            return (buffer[bounds[0] : bounds[1]],)
        return tuple([buffer[start:end] for start, end in pairwise(bounds)])

    def _frame(self) -> list[int]:
        n = self.nparams
        at = self.offset
        if LENGTH_SIZES[self.code] == 4:
            lengths = struct.unpack_from(f"<{n}I", self.buffer, at)
            at += 4 * n
        else:
            lengths = LENGTHS[n].unpack_from(self.buffer, at)
            at += 2 * n
        bounds = list(accumulate(lengths, initial=at))
        if bounds[n] > self.end:
            excess = bounds[n] - self.end
            raise EventError(f"parameters of event {self.num} ({self.type.name}) exceed it by {excess} bytes")
        self._bounds = bounds
        return bounds
