"""What of the events that pass by is written into a capture.

Without a filter every block is copied as it is, without being looked at. With one, what passes is copied; what does not
pass but changes state is marked as such, so that readers apply it and do not show it; the rest is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from falco.capture.scap import blocks, path_records, socket_calls, writer
from falco.capture.scap.rotate import Files, Rotation
from falco.capture.scap.wanted import CONTAINER_CODES, Wanted
from falco.events.table import CODES, EVENT_TABLE, codes_named
from falco.events.types import Category, EventFlag
from falco.state import container_events, enters, handlers, processes, snapshot, transfers
from falco.state.limits import MAX_THREADS

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.fields.path_tables import PathTables
    from falco.state.state import State

_SLIGHT = {enters.store_enter, transfers.io_exit, processes.counters}
"""What only concerns the call's own exit, whether a socket has carried data, or counters of memory and faults."""
STATE_CODES = frozenset(
    t.code
    for t in EVENT_TABLE
    if t.flags & EventFlag.MODIFIES_STATE
    or t.category & Category.INTERNAL
    or ((handler := handlers.HANDLERS[t.code]) is not None and handler not in _SLIGHT)
)
"""Events that a filtered recording keeps for what they do to state; enters of kept exits come on top."""
_SWITCHES = frozenset(codes_named("switch"))
_ENTERS = frozenset(t.code for t in EVENT_TABLE if t.enter) - handlers.NO_THREAD - _SWITCHES
"""Events that tell of the call that a thread is in until its next one."""
_NO_TID = -1
_UNWRITTEN = -1


class _Enter(NamedTuple):
    """A thread's last enter event, and the number of the file that holds it."""

    file: int
    code: int
    block: bytes


def _opening(state: State, ts: int) -> Iterator[bytes]:
    """What a file has to say before an event of ts (ns) for a reader to see that as it would have been seen here."""
    now = snapshot.of(state)
    yield from writer.section(now)
    for container in state.containers.values():
        if container.missing or not container.is_stub:
            yield writer.container_event(ts, container_events.compose(container))
    yield from socket_calls.retell(now, ts)


def _end_of_opening(ts: int) -> bytes:
    """An event that means nothing, put before a container event that would otherwise count as the file's opening."""
    params = (bytes(4), bytes(8))
    return writer.event(CODES["SCAPEVENT_E"], ts, _NO_TID, params, flags=blocks.STATE_ONLY)


class Recorded(Protocol):
    """What a recorder copies from: a Reader, or a source of live events that gives itself out as one."""

    on_block: Callable[[bytes], None] | None
    on_event: Callable[[int, int, int], None] | None
    on_skipped: Callable[[bytes], None] | None
    wanted: Wanted
    num: int

    @property
    def path(self) -> str:
        """The file that is being read."""
        ...

    def block(self) -> bytes:
        """The current event's whole block."""
        ...


class Recorder:
    """Writes a capture, or several one after another, of what a reader reads.

    A file after the first starts with the state as it is, its containers included, so that it opens on its own; a call
    that is under way gets its enter event written again, marked as for state only, before its exit.
    """

    def __init__(
        self,
        target: str,
        rotation: Rotation | None = None,
        compress: bool = False,
        event_filter: Callable[[Event], bool] | None = None,
    ) -> None:
        self._rotation, self._filter = rotation or Rotation(), event_filter
        self._files = Files(target, self._rotation, compress)
        self._enters: dict[int, _Enter] = {}
        # Whether the reader is still in the capture's opening, and whether the file has only its own opening so far.
        self._opening = self._bare = True
        self._tables: list[bytes] = []
        self._reader: Recorded
        self._state: State

    def attach(self, reader: Recorded, state: State) -> None:
        """Record what reader reads, from before its first event on. Raises FalcoError if nothing can be written."""
        self._reader, self._state = reader, state
        self._files.prepare(reader.path)
        reader.on_block = self._metadata
        if self._filter is not None:
            reader.on_event, reader.wanted = self._look, Wanted()
        elif self._rotation.splits:
            reader.on_event = self._copy_turning
        else:
            reader.on_event, reader.on_skipped = self._copy, self._files.write

    def begin(self, ts: int) -> None:
        """Write the opening of a source that brings none, from the state before its first event, of ts (ns).

        Events in it count for the source too, so that its numbers are those of a replay.
        """
        self._reader.num += self._write_opening(ts)
        self._files.begin(ts)
        self._opening = False

    def know(self, tables: PathTables, ts: int) -> None:
        """From ts (ns) on these tables of paths are in force; of a live host, before begin() too."""
        self._tables = path_records.encode(tables, ts)
        if not self._opening:
            for block in self._tables:
                self._files.write(block)

    def write(self, event: Event) -> None:
        """With a filter, take or leave the current event, after state has been brought up to it."""
        if self._filter is None:
            return
        block, code = self._reader.block(), event.code
        if self._opening:
            self._files.write(block)
        elif writer.dump_flags(block) & blocks.STATE_ONLY or self._filter(event):
            self._put(event.ts, event.tid, code, block)
        elif code in STATE_CODES:
            self._put(event.ts, event.tid, code, writer.state_only(block))
        elif code in _ENTERS:
            self._remember(event.tid, _Enter(_UNWRITTEN, code, block))

    def close(self) -> None:
        """Write what is held back and close the file; raises FalcoError unless one was raised before."""
        self._files.close()

    def _metadata(self, block: bytes) -> None:
        self._opening = True
        self._files.write(block)

    def _copy(self, ts: int, tid: int, code: int) -> None:
        del ts, tid, code
        self._files.write(self._reader.block())

    def _look(self, ts: int, tid: int, code: int) -> None:
        """What a filter is not asked about."""
        if code == blocks.PATH_TABLES:
            self._copy_tables()
        else:
            self._turn(ts, tid, code)

    def _copy_turning(self, ts: int, tid: int, code: int) -> None:
        if code == blocks.PATH_TABLES:
            self._copy_tables()
            return
        self._turn(ts, tid, code)
        block = self._reader.block()
        if self._opening:
            self._files.write(block)
        else:
            self._put(ts, tid, code, block)

    def _turn(self, ts: int, tid: int, code: int) -> None:
        """Begin another file if it is time. State is as of before the event."""
        del tid
        if self._opening:
            if code in CONTAINER_CODES:
                return
            self._opening = False
        if self._files.due(ts):
            self._files.next(ts)
            self._bare = True
            self._write_opening(ts)
            self._files.opened()

    def _write_opening(self, ts: int) -> int:
        """How many events there are in it."""
        events = 0
        for block in _opening(self._state, ts):
            self._files.write(block)
            events += blocks.COUNT.unpack_from(block)[0] in blocks.EVENT_BLOCKS
        for block in self._tables:
            self._files.write(block)
        return events

    def _copy_tables(self) -> None:
        """Copy a part of the tables, and keep it for further files."""
        block = self._reader.block()
        if path_records.part_of(block) == 0:
            self._tables = []
        if len(self._tables) < path_records.MAX_PARTS:
            self._tables.append(block)
        self._files.write(block)

    def _put(self, ts: int, tid: int, code: int, block: bytes) -> None:
        number = self._files.number
        if self._bare and code in CONTAINER_CODES:
            self._files.write(_end_of_opening(ts))
        self._bare = False
        if code in _ENTERS:
            self._remember(tid, _Enter(number, code, block))
        else:
            enter = self._enters.get(tid)
            if enter is not None and enter.file != number and (enter.code + 1 == code or code in _SWITCHES):
                self._files.write(writer.state_only(enter.block))
                self._enters[tid] = enter._replace(file=number)
        self._files.write(block)
        self._files.events += 1

    def _remember(self, tid: int, enter: _Enter) -> None:
        enters = self._enters
        if tid not in enters and len(enters) >= MAX_THREADS:
            del enters[next(iter(enters))]
        enters[tid] = enter
