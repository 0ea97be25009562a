from __future__ import annotations

import contextlib
import gzip
import struct
from random import Random
from typing import TYPE_CHECKING

import pytest

from falco.capture.scap import blocks, path_records
from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import open_stream
from falco.capture.scap.wanted import Wanted
from falco.errors import CaptureError
from falco.events.decode import EventError
from falco.events.event import Event
from falco.events.table import CODES
from falco.fields.path_tables import PathTables
from falco.state.state import State
from tests.events import build, process, write_capture
from tests.unit.capture.scap.made import (
    CONTAINER,
    EVENTS,
    OPEN,
    ROWS,
    SECTION,
    block,
    capture,
    event_v1,
    event_v2,
    read,
    reader,
)
from tests.unit.capture.scap.recording import replay, split

if TYPE_CHECKING:
    from falco.state.snapshot import Snapshot


def test_events_come_in_order_with_all_that_their_headers_say():
    assert read(capture(*EVENTS)) == ROWS


@pytest.mark.parametrize(
    ("kind", "hidden"),
    [(blocks.EVENT_V2_LARGE, False), (blocks.EVENT_FLAGS_V2, True), (blocks.EVENT_FLAGS_V2_LARGE, True)],
    ids=hex,
)
def test_every_kind_of_v2_block(kind, hidden):
    parts = [event_v2(event, kind) for event in EVENTS[:4]]
    assert read(capture(*parts)) == [(*row[:-1], hidden) for row in ROWS[:4]]


def test_the_snapshot_comes_before_the_first_event_that_is_no_container():
    made, snapshots = reader(capture(CONTAINER, EVENTS[0], CONTAINER, EVENTS[1]))
    seen = [(event.num, event.hidden, len(snapshots)) for event in made]
    assert seen == [(1, True, 0), (2, False, 1), (3, False, 1), (4, False, 1)]


@pytest.mark.parametrize("codes", [(), (OPEN,)], ids=["none", "some"])
def test_a_container_after_an_unwanted_event_is_no_part_of_the_opening(codes):
    made, snapshots = reader(capture(CONTAINER, EVENTS[0], CONTAINER, EVENTS[1]), Wanted(codes))
    containers = [(e.num, e.hidden, len(snapshots)) for e in made if e.type.name == "container"]
    assert containers == [(1, True, 0), (3, False, 1)]


def test_the_snapshot_comes_even_if_nothing_but_containers_follows():
    made, snapshots = reader(capture(CONTAINER))
    assert [event.hidden for event in made] == [True]
    assert len(snapshots) == 1


def test_an_error_of_the_loop_is_given_the_place_of_the_event():
    made, _ = reader(capture(*EVENTS))
    events = iter(made)
    next(events)
    next(events)
    assert made.locate(ValueError("odd")).offset == len(SECTION) + len(EVENTS[0].block())


@pytest.fixture
def small(tmp_path):
    threads = [process(7, comm="cat", args=["a", "b"]), process(8)]
    return write_capture(tmp_path / "small", [CONTAINER, *EVENTS], threads).read_bytes()


@pytest.mark.parametrize("codes", [None, (), (OPEN,)], ids=["all", "none", "some"])
def test_truncation_at_every_byte_is_an_error_or_a_shorter_capture(small, codes):
    ends, at = set(), 0
    for part in split(small):
        at += len(part)
        ends.add(at)
    first = len(small) - sum(len(event.block()) for event in EVENTS)
    for size in range(len(small)):
        made, _ = reader(small[:size], Wanted(codes))
        try:
            list(made)
            complete = True
        except CaptureError as error:
            complete = False
            assert error.offset <= size
        assert complete == (size in ends and size >= first), size
        assert made.num == sum(1 for end in ends if first <= end <= size), size


@pytest.mark.parametrize("value", [0, 1, 11, 12, 13, 35, 36, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF])
def test_garbled_lengths_are_errors_and_nothing_else(small, value):
    word = struct.pack("<I", value)
    outcomes = set()
    for at in range(0, len(small) - 4, 2):
        made, _ = reader(small[:at] + word + small[at + 4 :])
        try:
            for event in made:
                event.params()
            outcomes.add("read")
        except (CaptureError, EventError):
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_a_truncated_gzip_capture_gives_what_is_whole():
    data = gzip.compress(capture(*(EVENTS * 20_000)), 1)
    made, _ = reader(data[: len(data) * 3 // 4])
    with pytest.raises(CaptureError, match="cannot be read"):
        for _ in made:
            pass
    assert made.num > 50_000


def test_a_recorder_sees_every_block_in_order():
    data = capture(block(0x999, b"abcd"), CONTAINER, *EVENTS)
    for codes in (None, (), (OPEN,)):
        for skips in (False, True):
            made, _ = reader(data, Wanted(codes))
            copy: list[bytes] = []
            made.on_block = copy.append
            made.on_event = lambda ts, tid, code, made=made, copy=copy: copy.append(made.block())
            made.on_skipped = copy.append if skips else None
            list(made)
            assert b"".join(copy) == data


def test_a_recorder_hears_of_each_event_before_the_loop_does():
    made, _ = reader(capture(*EVENTS), Wanted((OPEN,)))
    heard: list[tuple[int, int, int]] = []
    made.on_event = lambda ts, tid, code: heard.append((ts, tid, code))
    for event in made:
        assert heard[-1] == (event.ts, event.tid, event.code)
    assert heard == [(b.ts, b.tid, b.type.code) for b in EVENTS]


def test_shipped_captures_give_a_state(capture):
    state = replay(capture)
    assert state.machine is not None
    assert len(state.threads) > 10
    assert any(thread.fds for thread in state.threads.values())


# -- tables of paths -------------------------------------------------------------------------------------------------


def with_tables(path, *later):
    """Two processes, tables before the first event, and what comes later between two events."""
    events = [build("SYSCALL_OPEN_X", ts=i, tid=7, fd=3, name="/x").block() for i in (5, 9)]
    write_capture(path, [], [process(7, exepath="/usr/bin/cat"), process(8)])
    parts = [*path_records.encode(PATH_TABLES, 1), events[0], *later, events[1]]
    path.write_bytes(path.read_bytes() + b"".join(parts))
    return path


PATH_TABLES = PathTables({"/bin": "/usr/bin"}, {(1, 2): ("/etc/shadow",)})


@pytest.mark.parametrize("codes", [None, (), (CODES["SYSCALL_OPEN_X"],)], ids=["all", "none", "some"])
def test_tables_of_paths_are_told_and_do_not_count(tmp_path, codes):
    other = PathTables({}, {(1, 3): ("/etc/shadow",)})
    path = with_tables(tmp_path / "x", *path_records.encode(other, 7))
    told: list[object] = []
    snapshots: list[Snapshot] = []
    with contextlib.closing(open_stream(str(path))) as stream:
        reader = Reader(stream, Event(State()), snapshots.append, Wanted(codes))
        reader.on_paths = told.append
        seen = [event.num for event in reader]
    assert told == [PATH_TABLES, other]
    assert seen == ([] if codes == () else [1, 2])
    assert reader.num == 2
    assert snapshots[0].first_ts == 5


def test_programs_of_a_capture_with_tables_have_the_kernels_paths(tmp_path, captures):
    for path, expected in ((with_tables(tmp_path / "x"), True), (captures / "made/six_behaviours.scap", False)):
        snapshots: list[Snapshot] = []
        with contextlib.closing(open_stream(str(path))) as stream:
            list(Reader(stream, Event(State()), snapshots.append))
        kernels = [thread.kernel_exepath for thread in snapshots[0].threads.values() if thread.exepath]
        assert kernels
        assert set(kernels) == {expected}
        assert not any(thread.kernel_exepath for thread in snapshots[0].threads.values() if not thread.exepath)


def test_tables_that_make_no_sense_end_the_capture_with_their_place(tmp_path):
    path = with_tables(tmp_path / "x", path_records._record(b"\1\0\0\0", 6, 0, 1))
    offset = path.read_bytes().index(path_records._record(b"\1\0\0\0", 6, 0, 1))
    seen: list[int] = []
    with contextlib.closing(open_stream(str(path))) as stream, pytest.raises(CaptureError) as caught:
        seen.extend(event.num for event in Reader(stream, Event(State()), lambda _: None))
    assert caught.value.offset == offset


def outcome(data, told):
    """All that a reader says of a capture; one that has to tell of each event frames it by itself."""
    made, _ = reader(data)
    if told:
        made.on_event = lambda ts, tid, code: None
    rows: list[object] = []
    try:
        rows.extend((e.num, e.ts, e.tid, e.cpu, e.code, e.offset, e.end, e.nparams, made.block()) for e in made)
    except CaptureError as error:
        return rows, made.num, str(error)
    return rows, made.num, ""


@pytest.mark.parametrize("old", [False, True], ids=["EVENT_V2", "EVENT"])
def test_events_are_framed_alike_in_runs_and_one_by_one(old):
    blocks_of = [event_v1(built) if old else built.block() for built in EVENTS * 3]
    data = capture(*blocks_of)
    random = Random(1)
    for _ in range(300):
        damaged = bytearray(data)
        damaged[random.randrange(len(SECTION), len(data))] = random.choice((0, 1, 8, 36, 255))
        assert outcome(bytes(damaged), told=False) == outcome(bytes(damaged), told=True)
    assert outcome(data, told=False)[2] == ""
