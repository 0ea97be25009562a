"""Reads a .scap capture, event by event, with flat memory.

Events that nobody wants (a table of codes decides) are counted and passed over before anything of them is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from falco.capture.scap import blocks, metadata, path_records
from falco.errors import CaptureError
from falco.events.event import LENGTH_SIZES, LENGTHS, MAX_PARAMS, Event
from falco.events.table import CODES, EVENT_TABLE, GENERIC_X
from falco.state.snapshot import Snapshot

if TYPE_CHECKING:
    from falco.capture.scap.stream import Stream
    from falco.fields.path_tables import PathTables

CONTAINER_CODES = frozenset((CODES["CONTAINER_E"], CODES["CONTAINER_JSON_E"], CODES["CONTAINER_JSON_2_E"]))
"""Events that tell of containers; those before any other event belong to the capture's opening."""
OF_OPENING = CONTAINER_CODES | {blocks.PATH_TABLES}
"""What may stand before the first event."""
_KNOWN = len(EVENT_TABLE)
_SKIP, _TAKE, _UNKNOWN = 0, 1, 2
_V1_HEAD = 22
"""Bytes of an event's header (from its timestamp on) in blocks without parameter count; V2 has four more."""
_MIN_BLOCK = 36
_BEYOND = MAX_PARAMS + 1
_TOO_LONG = dict.fromkeys((CODES["NOTIFICATION_E"], CODES["INFRASTRUCTURE_EVENT_E"]), 3)
"""Event types whose length the first writers gave too large, by how many bytes."""


_COUNTS = tuple(len(t.params) for t in EVENT_TABLE)


def _fitting_count(buffer: bytes, code: int, at: int, end: int) -> int:
    """The parameter count of a block that does not tell: the first, downwards, whose lengths add up exactly to end.

    More than any event has if there is none; buffer holds end.
    """
    for count in range(_COUNTS[code], -1, -1):
        first = at + 2 * count
        if first <= end and first + sum(LENGTHS[count].unpack_from(buffer, at)) == end:
            return count
    return _BEYOND


class Wanted:
    """What the loop behind a reader needs to see: event codes, and of generic events only these system calls.

    None means all. Container events are always wanted, codes that the event table lacks never.
    """

    def __init__(self, codes: Iterable[int] | None = None, syscalls: frozenset[int] | None = None) -> None:
        self.codes = bytearray(b"\2" * (1 << 16))
        self.codes[:_KNOWN] = bytes(_KNOWN) if codes is not None else bytes((_TAKE,)) * _KNOWN
        for code in (*CONTAINER_CODES, *(codes or ())):
            self.codes[code] = _TAKE
        self.syscalls = syscalls


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
        self._section_header()
        self._snapshot = Snapshot()
        while True:
            self._metadata()
            yield from self._section()
            if not self.stream.available(1):
                break
            self._new_section()
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

    def _section_header(self) -> None:
        stream = self.stream
        if not stream.available(8):
            raise stream.error("too short for a capture")
        kind, _ = blocks.BLOCK.unpack_from(stream.buffer, stream.pos)
        if kind != blocks.SECTION_HEADER:
            raise stream.error("not a .scap capture (no section header)")
        body = self._take_block()
        if len(body) < blocks.SECTION.size:
            raise stream.error("the section header is too short")
        magic, major, minor, _ = blocks.SECTION.unpack_from(body)
        if magic == blocks.MAGIC_SWAPPED:
            raise stream.error("the capture was written on a machine of the other byte order, which is not supported")
        if magic != blocks.MAGIC:
            raise stream.error(f"not a .scap capture (magic {magic:#x})")
        if major > 1:
            raise stream.error(f"capture format {major}.{minor} is newer than 1.x")

    def _new_section(self) -> None:
        # Whatever stands between the events begins a new section: the state before it no longer holds.
        kind, _ = blocks.BLOCK.unpack_from(self.stream.buffer, self.stream.pos)
        if kind != blocks.SECTION_HEADER:
            raise self.stream.error(f"block {kind:#x} after the first event")
        self._deliver_snapshot()
        self._section_header()
        self._snapshot = Snapshot()

    def _take_block(self, limit: int = blocks.MAX_METADATA) -> bytes:
        """Consume a metadata block and return its body (padding included)."""
        stream = self.stream
        size = self._block_size(limit)
        start, end = stream.pos, stream.pos + size
        (trailer,) = blocks.TRAILER.unpack_from(stream.buffer, end - 4)
        if trailer != size:
            raise stream.error(f"the block's two lengths differ: {size} and {trailer}")
        if self.on_block is not None:
            self.on_block(stream.buffer[start:end])
        stream.pos = end
        return stream.buffer[start + 8 : end - 4]

    def _block_size(self, limit: int) -> int:
        stream = self.stream
        if not stream.available(8):
            raise stream.error("truncated inside a block header")
        kind, size = blocks.BLOCK.unpack_from(stream.buffer, stream.pos)
        if size < 12 or size % 4 or size > limit:
            raise stream.error(f"block {kind:#x} has an impossible length {size}")
        if not stream.available(size):
            raise stream.error(f"truncated: block {kind:#x} wants {size} bytes, {len(stream.buffer)} are left")
        return int(size)

    def _metadata(self) -> None:
        stream = self.stream
        assert self._snapshot is not None
        while stream.available(1):
            if not stream.available(8):
                raise stream.error("truncated inside a block header")
            kind, _ = blocks.BLOCK.unpack_from(stream.buffer, stream.pos)
            kind = blocks.ALIASES.get(kind, kind)
            if kind in blocks.EVENT_BLOCKS:
                return
            offset = stream.offset + 8
            body = self._take_block()
            try:
                metadata.parse(kind, body, self._snapshot)
            except metadata.MetadataError as error:
                raise CaptureError(stream.path, offset + error.at, f"block {kind:#x}: {error}") from None

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
        buffer, codes, num = stream.buffer, self.wanted.codes, self.num
        start = pos = stream.pos
        last = len(buffer) - head.size
        while pos <= last:
            kind, size, code = scan(buffer, pos)
            if kind not in blocks.ORDINARY or size < _MIN_BLOCK or size % 4 or pos + size > last:
                break
            if codes[code] and (code > GENERIC_X or self._wants_call(kind, pos)):
                if told or code >= _KNOWN:
                    break
                cpu, ts, tid, length, nparams = unpack(buffer, pos)
                at, end = pos + head.size, pos + 10 + length
                if kind == blocks.EVENT:
                    at -= blocks.COUNT.size
                    nparams = _fitting_count(buffer, code, at, min(end, pos + size - 4))
                if end > pos + size - 4 or at + LENGTH_SIZES[code] * nparams > end or nparams > MAX_PARAMS:
                    break
                num += 1
                self._at = pos
                pos += size
                self.num, self._next, stream.pos = num, pos, pos
                event.begin(num, cpu, ts, tid, code, buffer, at, end, nparams)
                yield event
                codes = self.wanted.codes  # A reload may have changed what is wanted.
            else:
                pos += size
                num += 1
        if pos > start:
            if self._snapshot is not None:
                self._deliver_snapshot(blocks.HEADER.unpack_from(buffer, start + 10)[0])
            if self.on_skipped is not None:
                self.on_skipped(buffer[start:pos])
        stream.pos, self.num = pos, num

    def _next_event_block(self) -> int | None:
        """The kind of the event block at pos, all of it in the buffer; None if it is no event block."""
        stream = self.stream
        size = self._block_size(blocks.MAX_EVENT)
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
        buffer, header = self.stream.buffer, self._at + 10
        flags = 0
        if kind in blocks.WITH_FLAGS:
            (flags,) = blocks.COUNT.unpack_from(buffer, header)
            header += 4
        ts, tid, length, code = blocks.HEADER.unpack_from(buffer, header)
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
        if self.wanted.codes[code] == _SKIP:
            return False
        start, last, nparams = self._parameters(kind, code, header, length)
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
        except metadata.MetadataError as error:
            raise self.locate(error) from None
        if tables is not None:
            self._has_tables = True
            if self.on_paths is not None:
                self.on_paths(tables)

    def _parameters(self, kind: int, code: int, header: int, length: int) -> tuple[int, int, int]:
        """Where the parameter lengths begin, where the parameters stop, and how many there are."""
        if kind not in blocks.WITHOUT_COUNT:
            (nparams,) = blocks.COUNT.unpack_from(self.stream.buffer, header + _V1_HEAD)
            return header + _V1_HEAD + 4, header + length, nparams
        start, last = header + _V1_HEAD, header + length - _TOO_LONG.get(code, 0)
        return start, last, self._guess_count(code, start, min(last, self._next - 4))

    def _guess_count(self, code: int, start: int, last: int) -> int:
        count = _fitting_count(self.stream.buffer, code, start, last)
        if count == _BEYOND:
            raise self.stream.error(f"the parameters of event {self.num} do not add up to its length", self._at)
        return count

    def _wants_call(self, kind: int, at: int) -> bool:
        """Whether the generic event of the ordinary block at `at` is of a wanted system call."""
        syscalls, buffer = self.wanted.syscalls, self.stream.buffer
        if syscalls is None:
            return True
        header = at + 10
        if kind in blocks.WITHOUT_COUNT:
            # All parameters of generic events are two bytes wide, and so are their lengths.
            at = header + _V1_HEAD + (blocks.HEADER.unpack_from(buffer, header)[2] - _V1_HEAD) // 2
        else:
            at = header + _V1_HEAD + 4 + 2 * blocks.COUNT.unpack_from(buffer, header + _V1_HEAD)[0]
        return int.from_bytes(buffer[at : at + 2], "little") in syscalls
