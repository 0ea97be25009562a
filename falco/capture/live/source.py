"""Events from the ring buffer: each block of each record framed where it lies, into the one event.

A record is one event block of a capture, or two: a call's enter and its exit. A call counts as two events whether or
not its enter was sent, so that numbers mean the same live and in a recording.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator

from falco.capture.live.resolver import RESOLVED
from falco.capture.live.ring import Patience, Ring
from falco.capture.scap import blocks
from falco.capture.scap.blocks import CALLS_OF_ALL_READERS, EVENT_V2, LATER_CALLS
from falco.capture.scap.wanted import Wanted
from falco.events.decode import EventError
from falco.events.event import LENGTH_SIZES, MAX_PARAMS, Event
from falco.events.table import EVENT_TABLE, GENERIC_X
from falco.events.types import EventFlag
from falco.logs import LOG

_BLOCK = struct.Struct("<IIHQqIHI")
"""Type, length, CPU, then the event's timestamp, tid, length, code and count of parameters: begin() in c/runtime.h."""
_unpack = _BLOCK.unpack_from
_SIZE, _HEADER_AT = _BLOCK.size, 10
_CODE_AT = 30
_LATER = {code: later.to_bytes(2, "little") for later, code in LATER_CALLS.items()}
_TRAILER = 4
_LEAST = _BLOCK.size + _TRAILER
_KNOWN = len(EVENT_TABLE)
_NONE = -1
_NO_SENSE = "A record of the probe makes no sense and is passed over (more are only counted)"


def _advances(real_enters: Iterable[int]) -> bytes:
    """Event code -> by how much its event advances the number where no enter stands before it; 0 if it cannot come."""
    single = frozenset(code | 1 for code in real_enters)
    advances = bytearray(1 if t.enter or t.code in single else 2 for t in EVENT_TABLE)
    for t in EVENT_TABLE:
        if t.flags & EventFlag.UNUSED or LENGTH_SIZES[t.code] != 2:
            advances[t.code] = 0
    return bytes(advances)


class LiveSource:
    """Iterates over the events of a ring, framing each into the one event that it was given.

    idle is called after every batch and every wait, and ends the iteration by answering False. real_enters are codes
    (of either half) of calls whose enter has a record of its own. Events of own_code go to on_own first, which answers
    whether to pass over this one because it is our own; it then has no number.

    complete, if there is one, is asked about wanted events whose paths may lead through links (resolver.py); the block
    that it answers with takes the place of the record's, for a recorder too.

    besides, if there is one, is asked after each batch for blocks that come from elsewhere than the ring, such as what
    is known of containers: events like any, in their order.

    For a recorder, as of a Reader: on_event is called with timestamp, tid and code of each event before it is yielded,
    while block() holds its bytes; on_skipped gets the bytes of an event that is not wanted instead. on_block is never
    called: nothing comes before the events.
    """

    path = ""
    """There is no file that a recording could write over."""

    def __init__(
        self, ring: Ring, event: Event, idle: Callable[[], bool], real_enters: Iterable[int] = (),
        wanted: Wanted | None = None, patience: Patience | None = None,
    ) -> None:  # fmt: skip
        self.ring, self.event = ring, event
        self.wanted = wanted or Wanted()
        self.own_code = _NONE
        self.on_own: Callable[[Event], bool] = lambda _: False
        self.complete: Callable[[Event], bytes | None] | None = None
        self.besides: Callable[[], Iterable[bytes]] | None = None
        self.on_block: Callable[[bytes], None] | None = None
        self.on_event: Callable[[int, int, int], None] | None = None
        self.on_skipped: Callable[[bytes], None] | None = None
        self.num = 0
        self.delivered = [0] * _KNOWN
        """How many events came out of the ring, by their codes."""
        self.is_behind = False
        """Whether the last look into the ring found something: then it is not now, but the time of the last event."""
        self._idle, self._patience = idle, patience or Patience()
        self.expect(real_enters)
        self._data = b""
        self._malformed = 0
        self._at = self._next = 0
        self._completed: bytes | None = None

    def __iter__(self) -> Iterator[Event]:
        """Yield wanted events until idle() says to stop. Nothing that the ring may hold is raised."""
        ring, event, patience, frame = self.ring, self.event, self._patience, self._frame
        while True:
            self._data, records = ring.take()
            for start, end in records:
                self._next, before = start, _NONE
                while self._next < end:
                    if frame(end, before):
                        yield event
                    before = event.code
            self.is_behind = bool(records)
            for block in self.besides() if self.besides is not None else ():
                if self._frame_other(block):
                    yield event
            if records:
                patience.reset()
            else:
                patience.wait()
            if not self._idle():
                return

    def expect(self, real_enters: Iterable[int]) -> None:
        """From now on these codes (of either half) are of calls whose enter has a record of its own."""
        self._advances = _advances(real_enters)

    @property
    def malformed(self) -> int:
        """How many records made no sense."""
        return self._malformed + self.ring.torn

    def block(self) -> bytes:
        """The current event's whole block, to be copied into a capture."""
        block = self._completed or self._data[self._at : self._next]
        event = self.event
        if event.code > GENERIC_X:
            return block
        at = _SIZE + 2 * event.nparams
        if int.from_bytes(block[at : at + 2], "little") < CALLS_OF_ALL_READERS:
            return block
        return block[:_CODE_AT] + _LATER[event.code] + block[_CODE_AT + 2 :]

    def locate(self, error: Exception) -> None:
        """Take an error about the current event: that is passed over, as one that cannot be framed is."""
        self._malformed += 1
        if self._malformed == 1:
            LOG.warning("%s: event %s (%s): %s", _NO_SENSE, self.num, self.event.type.name, error)

    def _frame(self, end: int, before: int) -> bool:
        """Frame the block at _next in a record up to end, after an event of the code before; False to pass over it."""
        at = self._at = self._next
        self._completed = None
        if end - at < _LEAST:
            return self._complain(at, end)
        data = self._data
        kind, size, cpu, ts, tid, length, code, count = _unpack(data, at)
        self._next = after = at + size
        start, last = at + _SIZE, at + _HEADER_AT + length
        if (
            kind != EVENT_V2 or size & 3 or after > end or data[after - 4 : after] != data[at + 4 : at + 8]
            or count > MAX_PARAMS or not start + 2 * count <= last <= after - _TRAILER
            or code >= _KNOWN or not self._advances[code]
        ):  # fmt: skip
            return self._complain(at, end)
        number = self.num + (1 if code & 1 and code == before + 1 else self._advances[code])
        self.event.begin(number, cpu, ts, tid, code, data, start, last, count)
        if code == self.own_code and self._is_own():
            return False
        self.num = number
        self.delivered[code] += 1
        wanted = bool(self.wanted.codes[code])
        if self.complete is not None and wanted and RESOLVED[code]:
            self._complete(self.complete, number)
        if self.on_event is not None:
            self._record(ts, tid, code, wanted)
        return wanted

    def _frame_other(self, block: bytes) -> bool:
        """Frame a block from elsewhere, which is well formed; False to pass over it."""
        self._data, self._at, self._next, self._completed = block, 0, len(block), None
        flagged = blocks.COUNT.unpack_from(block)[0] in blocks.WITH_FLAGS
        front = blocks.CPU_FLAGS if flagged else blocks.CPU
        cpu, *flags = front.unpack_from(block, blocks.BLOCK.size)
        at = blocks.BLOCK.size + front.size
        ts, tid, length, code = blocks.HEADER.unpack_from(block, at)
        start = at + blocks.HEADER.size + blocks.COUNT.size
        (count,) = blocks.COUNT.unpack_from(block, at + blocks.HEADER.size)
        self.num += 1
        self.event.begin(self.num, cpu, ts, tid, code, block, start, at + length, count)
        self.event.hidden = flags == [blocks.STATE_ONLY]
        wanted = bool(self.wanted.codes[code])
        if self.on_event is not None:
            self._record(ts, tid, code, wanted)
        return wanted

    def _complete(self, complete: Callable[[Event], bytes | None], number: int) -> None:
        """Frame the block that takes the place of the record's."""
        event = self.event
        try:
            block = complete(event)
        except EventError:
            return  # Whoever looks at the event will find the same.
        if block is not None:
            self._completed = block
            _, _, cpu, ts, tid, length, code, count = _BLOCK.unpack_from(block)
            event.begin(number, cpu, ts, tid, code, block, _BLOCK.size, _HEADER_AT + length, count)

    def _record(self, ts: int, tid: int, code: int, wanted: bool) -> None:
        if self.on_skipped is not None and not wanted:
            self.on_skipped(self.block())
        elif self.on_event is not None:
            self.on_event(ts, tid, code)

    def _is_own(self) -> bool:
        try:
            return self.on_own(self.event)
        except EventError:
            return False  # Whoever looks at the event will find the same.

    def _complain(self, at: int, end: int) -> bool:
        """Count a record that makes no sense from `at` on, tell of the first, and pass over the rest of it."""
        self._malformed += 1
        self._next = end
        if self._malformed == 1:
            start = self._data[at : min(end, at + _BLOCK.size)].hex()
            LOG.warning("%s: %s", _NO_SENSE, start)
        return False
