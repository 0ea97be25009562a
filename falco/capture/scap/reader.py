"""Reads a .scap capture, event by event, with flat memory.

Events that nobody wants (a table of codes decides) are counted and passed over before anything of them is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from falco.capture.scap import blocks, path_records
from falco.capture.scap.framing import BEYOND, HEAD, block_size, call_of, fitting_count, parameters
from falco.capture.scap.metadata import MetadataError
from falco.capture.scap.opening import Opening
from falco.capture.scap.wanted import CONTAINER_CODES, SKIP, Wanted
from falco.events.event import LENGTH_SIZES, MAX_PARAMS, Event
from falco.events.table import EVENT_TABLE, GENERIC_X
from falco.state.snapshot import Snapshot

if TYPE_CHECKING:
    from falco.capture.scap.stream import Stream
    from falco.errors import CaptureError
    from falco.fields.path_tables import PathTables

OF_OPENING = CONTAINER_CODES | {blocks.PATH_TABLES}
"""What may stand before the first event."""
_KNOWN = len(EVENT_TABLE)
_MIN_BLOCK = 36


class Reader:
    """Iterates over the events of one capture, framing each into the one event that it was given.

    on_snapshot is called with the machine's state before the first event that is not a leading container event, and
    again should the capture hold a further section. num is the number of events so far, those passed over included.
    on_paths gets the tables of paths in force (path_records.py), if the capture tells of any, and others when they
    change. What such a capture says of programs' paths before the first event is the kernel's word.

    For a recorder: on_block gets each metadata block; on_event is called with timestamp, tid and code for each event
    block, wanted or not, before the event is yielded and while block() holds its bytes; on_skipped gets the bytes of a
    run of unwanted events instead. With on_event alone no event is passed over without it.
    """

    def __init__(
        self, stream: Stream, event: Event, on_snapshot: Callable[[Snapshot], None], wanted: Wanted | None = None
    ) -> None:
        self.stream, self.event, self._on_snapshot = stream, event, on_snapshot
        self.wanted = wanted or Wanted()
        self.on_block: Callable[[bytes], None] | None = None
        self.on_event: Callable[[int, int, int], None] | None = None
        self.on_skipped: Callable[[bytes], None] | None = None
        self.on_paths: Callable[[PathTables], None] | None = None
        self.num = 0
        self._opening = Opening(stream, self._tell)
        self._tables = path_records.Parts()
        self._has_tables = False
        self._at = 0
        self._next = 0
        self._snapshot: Snapshot | None = None

    def __iter__(self) -> Iterator[Event]:
        """The wanted events; raises CaptureError, after having given all that was readable before it."""
        # Chained rather than yielded on, which each event would pay for.
        return chain.from_iterable(self._runs())

    def _runs(self) -> Iterator[Iterable[Event]]:
        """Yield the events in runs, each to be gone through before the next is asked for."""
        self._opening.header()
        while True:
            self._snapshot = Snapshot()
            self._opening.fill(self._snapshot)
            yield from self._section()
            if not self.stream.available(1):
                break
            # Whatever stands between the events begins a new section: the state before it no longer holds.
            self._opening.another_header()
            self._deliver_snapshot()
            self._opening.header()
        if not self.num:
            raise self.stream.error("the capture holds no events")
        self._deliver_snapshot()

    @property
    def path(self) -> str:
        """The capture's path."""
        return self.stream.path

    def block(self) -> bytes:
        """The current event's whole block, to be copied."""
        return self.stream.buffer[self._at : self._next]

    def locate(self, error: Exception) -> CaptureError:
        """An error about the current event, with its place."""
        return self.stream.error(str(error), self._at)

    def _deliver_snapshot(self, first_ts: int = 0) -> None:
        if self._snapshot is not None:
            self._snapshot.first_ts = first_ts
            if self._has_tables:
                for thread in self._snapshot.threads.values():
                    thread.kernel_exepath = bool(thread.exepath)
            self._on_snapshot(self._snapshot)
            self._snapshot = None

    def _tell(self, block: bytes) -> None:
        if self.on_block is not None:
            self.on_block(block)

    def _section(self) -> Iterator[Iterable[Event]]:
        stream, alone = self.stream, (self.event,)
        while True:
            if self.on_event is None or self.on_skipped is not None:
                yield self._ordinary()
            if not stream.available(1):
                return
            kind = self._next_event_block()
            if kind is None:
                return
            wanted = self._frame(kind)
            stream.pos = self._next
            if wanted:
                yield alone

    def _ordinary(self) -> Iterator[Event]:
        """Yield the wanted events of the ordinary block kinds that lie in the buffer; count and pass over the others.

        Nearly all events go through this loop. It stops at whatever is not plain (another kind of block, the end of
        the buffer, anything wrong) or has to be told of, and leaves that to _frame().
        """
        stream, event, scan, head = self.stream, self.event, blocks.EVENT_SCAN.unpack_from, blocks.EVENT_HEAD
        unpack, told = head.unpack_from, self._snapshot is not None or self.on_event is not None
        buffer, num, codes, calls = stream.buffer, self.num, self.wanted.codes, self.wanted.syscalls
        start = pos = stream.pos
        last = len(buffer) - head.size
        while pos <= last:
            kind, size, code = scan(buffer, pos)
            if kind not in blocks.ORDINARY or size < _MIN_BLOCK or size % 4 or pos + size > last:
                break
            if codes[code] and (code > GENERIC_X or calls is None or call_of(buffer, kind, pos) in calls):
                if told or code >= _KNOWN:
                    break
                cpu, ts, tid, length, nparams = unpack(buffer, pos)
                at, end = pos + head.size, pos + HEAD + length
                if kind == blocks.EVENT:
                    at -= blocks.COUNT.size
                    nparams = fitting_count(buffer, code, at, min(end, pos + size - 4))
                if end > pos + size - 4 or at + LENGTH_SIZES[code] * nparams > end or nparams > MAX_PARAMS:
                    break
                num += 1
                self._at = pos
                pos += size
                self.num, self._next, stream.pos = num, pos, pos
                event.begin(num, cpu, ts, tid, code, buffer, at, end, nparams)
                yield event
                codes, calls = self.wanted.codes, self.wanted.syscalls  # A reload may have changed what is wanted.
            else:
                pos += size
                num += 1
        if pos > start:
            if self._snapshot is not None:
                self._deliver_snapshot(blocks.HEADER.unpack_from(buffer, start + HEAD)[0])
            if self.on_skipped is not None:
                self.on_skipped(buffer[start:pos])
        stream.pos, self.num = pos, num

    def _next_event_block(self) -> int | None:
        """The kind of the event block at pos, all of it in the buffer; None if it is no event block."""
        stream = self.stream
        size = block_size(stream, blocks.MAX_EVENT)
        (kind,) = blocks.COUNT.unpack_from(stream.buffer, stream.pos)
        kind = blocks.ALIASES.get(kind, kind)
        if kind not in blocks.EVENT_BLOCKS:
            return None
        if size < _MIN_BLOCK:
            raise stream.error(f"event block of only {size} bytes")
        self._at, self._next = stream.pos, stream.pos + size
        return int(kind)

    def _frame(self, kind: int) -> bool:
        """Frame the event of the block at _at; False if it is not wanted."""
        buffer, header = self.stream.buffer, self._at + HEAD
        flags = 0
        if kind in blocks.WITH_FLAGS:
            (flags,) = blocks.COUNT.unpack_from(buffer, header)
            header += 4
        ts, tid, _, code = blocks.HEADER.unpack_from(buffer, header)
        code = blocks.LATER_CALLS.get(code, code)
        if self._snapshot is not None and code not in OF_OPENING:
            self._deliver_snapshot(ts)
        if self.on_event is not None:
            self.on_event(ts, tid, code)
        if code >= _KNOWN:
            if code == blocks.PATH_TABLES:
                self._take_tables()
            return False
        self.num += 1
        if self.wanted.codes[code] == SKIP:
            return False
        start, last, nparams = parameters(buffer, kind, code, header, self._next - 4)
        if nparams == BEYOND and kind in blocks.WITHOUT_COUNT:
            raise self.stream.error(f"the parameters of event {self.num} do not add up to its length", self._at)
        if last > self._next - 4 or start + LENGTH_SIZES[code] * nparams > last or nparams > MAX_PARAMS:
            raise self.stream.error(f"event {self.num} does not fit its block", self._at)
        (cpu,) = blocks.CPU.unpack_from(buffer, self._at + 8)
        self.event.begin(self.num, cpu, ts, tid, code, buffer, start, last, nparams)
        if flags & blocks.STATE_ONLY or self._snapshot is not None:
            # As long as the snapshot is held back, container events belong to the opening: they only fill tables.
            self.event.hidden = True
        return True

    def _take_tables(self) -> None:
        try:
            tables = self._tables.take(self.block())
        except MetadataError as error:
            raise self.locate(error) from None
        if tables is not None:
            self._has_tables = True
            if self.on_paths is not None:
                self.on_paths(tables)
