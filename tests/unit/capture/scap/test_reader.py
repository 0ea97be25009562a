from __future__ import annotations

import contextlib
import gzip
import io
import struct
from random import Random
from typing import TYPE_CHECKING

import pytest

from falco.capture.scap import blocks, path_records
from falco.capture.scap.reader import Reader, Wanted
from falco.capture.scap.stream import Stream, open_stream
from falco.errors import CaptureError
from falco.events.decode import EventError
from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE
from falco.fields.path_tables import PathTables
from falco.state.state import State
from tests.events import Built, build, process, write_capture
from tests.unit.capture.scap.recording import replay, split

if TYPE_CHECKING:
    from falco.state.snapshot import Snapshot

OPEN, READ = CODES["SYSCALL_OPEN_X"], CODES["SYSCALL_READ_X"]
CONTAINER = build("CONTAINER_JSON_E", tid=-1, ts=1, json='{"container":{"id":"3ad7b26ded6d","type":0}}')
EVENTS = [
    build("SYSCALL_OPEN_E", ts=1_000, tid=7, cpu=1),
    build("SYSCALL_OPEN_X", ts=2_000, tid=7, cpu=1, fd=3, name="/etc/passwd"),
    build("SYSCALL_READ_E", ts=3_000, tid=7, fd=3, size=10),
    build("SYSCALL_READ_X", ts=4_000, tid=7, res=4, data=b"root"),
    build("SYSCALL_OPEN_X", ts=5_000, tid=8, cpu=2, fd=-2, name="/nowhere", state_only=True),
]


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


SECTION = block(blocks.SECTION_HEADER, struct.pack("<IHHQ", 0x1A2B3C4D, 1, 2, (1 << 64) - 1))


def event_v1(built, kind=blocks.EVENT, extra=b""):
    """An event's block as the first writers made it: without the number of parameters."""
    flags = struct.pack("<I", built.state_only) if kind == blocks.EVENT_FLAGS else b""
    payload = built.payload()
    head = struct.pack("<QqIH", built.ts, built.tid, 22 + len(payload), built.type.code)
    return block(kind, struct.pack("<H", built.cpu) + flags + head + payload + extra)


def event_v2(built, kind):
    plain = built.block()
    flags = b"" if kind == blocks.EVENT_V2_LARGE else struct.pack("<I", 1)
    return block(kind, plain[8:10] + flags + plain[10:-4])


def capture(*parts):
    return SECTION + b"".join(part.block() if isinstance(part, Built) else part for part in parts)


def reader(data, wanted=None):
    state = State(all_events=True)
    snapshots: list[Snapshot] = []
    made = Reader(Stream(io.BytesIO(data), "x.scap"), Event(state), snapshots.append, wanted)
    return made, snapshots


def read(data, wanted=None):
    made, _ = reader(data, wanted)
    return [(e.num, e.ts, e.tid, e.cpu, e.type.symbol, e.params(), e.hidden) for e in made]


ROWS = [(i + 1, b.ts, b.tid, b.cpu, b.type.symbol, b.params, b.state_only) for i, b in enumerate(EVENTS)]


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


@pytest.mark.parametrize("kind", [blocks.EVENT, 0x8010ABCD], ids=hex)
def test_v1_blocks_have_their_parameters_counted(kind):
    parts = [event_v1(event, kind) for event in EVENTS[:4]]
    assert read(capture(*parts)) == ROWS[:4]


def test_v1_blocks_with_flags():
    parts = [event_v1(event, blocks.EVENT_FLAGS) for event in EVENTS]
    assert read(capture(*parts)) == ROWS


def test_the_parameters_of_older_writers_are_counted_too():
    old = build("SYSCALL_OPEN_X", ts=1, tid=7, fd=3, name="/x", count=4)
    assert [row[5] for row in read(capture(event_v1(old)))] == [old.params]


def test_v1_notifications_are_three_bytes_shorter_than_they_say():
    built = build("NOTIFICATION_E", ts=1, tid=-1, id=b"id\0", desc=b"text\0")
    payload = built.payload()
    head = struct.pack("<HQqIH", 0, 1, -1, 22 + len(payload) + 3, built.type.code)
    assert [row[5] for row in read(capture(block(blocks.EVENT, head + payload)))] == [built.params]


def test_v1_parameters_that_add_up_to_no_count_are_an_error():
    bad = struct.pack("<HQqIH", 0, 1, 7, 22 + 12, OPEN) + struct.pack("<HHHHHH", *[9] * 6)
    with pytest.raises(CaptureError, match="do not add up"):
        read(capture(block(blocks.EVENT, bad)))


def test_bytes_after_the_last_parameter_are_ignored():
    noted = event_v1(EVENTS[1], extra=b"a pcapng comment")
    assert read(capture(noted)) == [(1, *ROWS[1][1:])]


def test_a_new_writers_parameters_beyond_the_table_are_there():
    built = build("SYSCALL_READ_X", ts=1, tid=7, res=4, data=b"root", fd=3, size=9, extra=(b"new",))
    assert [row[5] for row in read(capture(built))] == [built.params]
    assert built.params[-1] == b"new"


def test_events_of_unknown_codes_are_passed_over_and_not_counted():
    unknown = EVENTS[2].block()
    unknown = unknown[:30] + struct.pack("<H", len(EVENT_TABLE) + 5) + unknown[32:]
    assert read(capture(EVENTS[0], unknown, EVENTS[1])) == ROWS[:2]


def test_unwanted_events_are_counted_and_not_seen():
    assert read(capture(*EVENTS), Wanted((READ,))) == [ROWS[3]]
    made, _ = reader(capture(*EVENTS), Wanted(()))
    assert list(made) == []
    assert made.num == len(EVENTS)


def test_only_wanted_calls_among_generic_events():
    calls = [build("GENERIC_E", ts=i, tid=7, ID=100 + i, nativeID=7) for i in range(3)]
    wanted = Wanted((CODES["GENERIC_E"],), frozenset((101,)))
    for parts in ([c.block() for c in calls], [event_v1(c) for c in calls]):
        assert [row[0] for row in read(capture(*parts, EVENTS[0]), wanted)] == [2]


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


def test_a_second_section_starts_with_its_own_state(tmp_path):
    first = write_capture(tmp_path / "1", EVENTS[:2], [process(7, comm="old")]).read_bytes()
    second = write_capture(tmp_path / "2", [CONTAINER, *EVENTS[2:]], [process(9, comm="new")]).read_bytes()
    made, snapshots = reader(first + second)
    seen = [(event.num, event.hidden, len(snapshots)) for event in made]
    assert seen == [(1, False, 1), (2, False, 1), (3, True, 1), (4, False, 2), (5, False, 2), (6, True, 2)]
    assert [[t.comm for t in s.threads.values()] for s in snapshots] == [["old"], ["new"]]


def test_a_second_section_after_unwanted_events(tmp_path):
    data = write_capture(tmp_path / "1", EVENTS, [process(7)]).read_bytes()
    made, snapshots = reader(data + data, Wanted(()))
    assert list(made) == []
    assert (made.num, len(snapshots)) == (2 * len(EVENTS), 2)


def test_a_metadata_block_after_the_first_event_is_an_error():
    with pytest.raises(CaptureError, match="block 0x201 after the first event"):
        read(capture(EVENTS[0], block(blocks.MACHINE_INFO, bytes(180)), EVENTS[1]))


def test_unknown_blocks_before_the_first_event_are_skipped():
    assert read(capture(block(0x999, b"abc"), *EVENTS)) == ROWS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "too short"),
        (b"\n\r\r", "too short"),
        (block(0x201, bytes(180)), "no section header"),
        (block(blocks.SECTION_HEADER, struct.pack("<IHHQ", 0x4D3C2B1A, 1, 0, 0)), "other byte order"),
        (block(blocks.SECTION_HEADER, struct.pack("<IHHQ", 5, 1, 0, 0)), "magic 0x5"),
        (block(blocks.SECTION_HEADER, struct.pack("<IHHQ", 0x1A2B3C4D, 2, 0, 0)), "format 2.0 is newer"),
        (block(blocks.SECTION_HEADER, b"1234"), "section header is too short"),
        (SECTION, "holds no events"),
        (SECTION[:-1] + b"\1", "two lengths differ"),
        (SECTION + struct.pack("<II", blocks.EVENT_V2, 11) + bytes(40), "impossible length 11"),
        (SECTION + struct.pack("<II", blocks.EVENT_V2, 30) + bytes(40), "impossible length 30"),
        (SECTION + struct.pack("<II", blocks.EVENT_V2, 20) + bytes(12), "event block of only 20 bytes"),
        (SECTION + struct.pack("<II", blocks.EVENT_V2, 0xFFFFFFF0) + bytes(40), "impossible length"),
        (SECTION + struct.pack("<II", blocks.USERS, 1 << 20) + bytes(40), "truncated: block 0x206 wants 1048576"),
        (SECTION + block(blocks.USERS, b"\7\0\0\0"), "unknown user-list entry 7"),
    ],
)
def test_what_is_no_capture_is_told_with_its_cause(data, message):
    with pytest.raises(CaptureError, match=message):
        read(data)


def test_a_metadata_error_stands_at_its_byte():
    with pytest.raises(CaptureError) as caught:
        read(SECTION + block(blocks.USERS, b"\1abcd\0\0\7xyz"))
    assert caught.value.offset == len(SECTION) + 8 + 7


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e[:26] + struct.pack("<I", 4_000_000) + e[30:],
        lambda e: e[:32] + struct.pack("<I", 5_000) + e[36:],
        lambda e: e[:32] + struct.pack("<I", 0xFFFFFFFF) + e[36:],
    ],
    ids=["length", "count", "huge count"],
)
def test_an_event_that_does_not_fit_its_block_is_an_error_at_its_place(change):
    data = capture(EVENTS[0], change(EVENTS[1].block()))
    with pytest.raises(CaptureError, match="event 2 does not fit its block") as caught:
        read(data)
    assert caught.value.offset == len(SECTION) + len(EVENTS[0].block())


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


def test_shipped_captures_count_the_same_whatever_is_wanted(capture):
    numbers = set()
    for codes in (None, (), (OPEN, READ)):
        counted: list[int] = []
        state = State(all_events=True)
        with capture.open("rb") as file:
            made = Reader(Stream(file, capture.name), Event(state), state.load, Wanted(codes))
            counted.extend(event.num for event in made)
            assert counted == sorted(set(counted))
            numbers.add(made.num)
    assert len(numbers) == 1


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
