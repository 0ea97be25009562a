"""Live events: framing, numbers, what is passed over, and what a recorder gets."""

from __future__ import annotations

import logging
import struct
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.capture.live.ring import Patience
from falco.capture.live.source import LiveSource
from falco.capture.scap import blocks, writer
from falco.capture.scap.reader import Reader
from falco.capture.scap.recorder import Recorder
from falco.capture.scap.stream import open_stream
from falco.capture.scap.wanted import Wanted
from falco.events.decode import EventError
from falco.events.event import Event
from falco.events.table import CODES, GENERIC_X
from falco.state.snapshot import Snapshot
from falco.state.state import State
from falco.state.threads import ThreadInfo
from tests.unit.capture.live.ringbuffer import RingBuffer, block

CLOSE_E, CLOSE_X = CODES["SYSCALL_CLOSE_E"], CODES["SYSCALL_CLOSE_X"]
OPENAT_X, PROCEXIT = CODES["SYSCALL_OPENAT_2_X"], CODES["PROCEXIT_1_E"]
PRCTL_X = CODES["SYSCALL_PRCTL_X"]
ENTER, EXIT = block(CLOSE_E, bytes(8)), block(CLOSE_X, bytes(8), bytes(8))


def source_of(*records, **options):
    """A source over these records that ends when they are read."""
    buffer = RingBuffer()
    for record in records:
        buffer.put(record)
    ring = buffer.ring
    idle = options.pop("idle", lambda: ring.position < ring.produced)
    return LiveSource(ring, Event(State()), idle, patience=Patience(lambda _: None), **options)


def numbers(source):
    return [(event.num, event.code) for event in source]


def test_an_event_is_framed_where_it_lies():
    source = source_of(block(OPENAT_X, struct.pack("<q", 5), b"", b"name\0", ts=1_700, tid=77))
    (seen,) = [(e.ts, e.tid, e.code, e.nparams, e.param(0), e.param(1), e.param(2), e.raw(3), e.hidden) for e in source]
    assert seen == (1_700, 77, OPENAT_X, 3, 5, None, "name", b"", False)


def test_a_lone_exit_stands_for_the_pair():
    assert numbers(source_of(EXIT, EXIT)) == [(2, CLOSE_X), (4, CLOSE_X)]


def test_an_enter_and_its_exit_in_one_record_are_two_events():
    assert numbers(source_of(ENTER + EXIT, EXIT)) == [(1, CLOSE_E), (2, CLOSE_X), (4, CLOSE_X)]


def test_an_enter_does_not_pair_with_the_exit_of_another_record_or_call():
    assert numbers(source_of(ENTER, EXIT)) == [(1, CLOSE_E), (3, CLOSE_X)]
    assert numbers(source_of(ENTER + block(OPENAT_X))) == [(1, CLOSE_E), (3, OPENAT_X)]


def test_where_enters_are_sent_when_calls_are_entered_the_exit_is_one_event():
    source = source_of(ENTER, EXIT, block(OPENAT_X), real_enters=(CLOSE_E,))
    assert numbers(source) == [(1, CLOSE_E), (2, CLOSE_X), (4, OPENAT_X)]


def test_an_event_without_a_pair_is_one():
    assert numbers(source_of(block(PROCEXIT), block(PROCEXIT))) == [(1, PROCEXIT), (2, PROCEXIT)]


def test_own_events_are_passed_over_and_have_no_number():
    source = source_of(block(PRCTL_X, tid=5), block(OPENAT_X, tid=5), block(PRCTL_X, tid=6), EXIT)
    asked = []

    def on_own(event):
        asked.append((event.tid, event.num))
        return event.tid == 5

    source.own_code, source.on_own = PRCTL_X, on_own
    assert [(event.tid, event.num) for event in source] == [(5, 2), (6, 4), (1, 6)]
    assert asked == [(5, 2), (6, 4)]


def test_unwanted_events_are_counted_and_not_shown():
    assert numbers(source_of(EXIT, block(OPENAT_X), wanted=Wanted((OPENAT_X,)))) == [(4, OPENAT_X)]


def test_a_completed_event_takes_the_place_of_its_record():
    unlink = CODES["SYSCALL_UNLINK_2_X"]
    record, completed = block(unlink, bytes(8), b"x\0", tid=9), block(unlink, bytes(8), b"x\0", b"Pn/x\0", tid=9)
    source = source_of(EXIT, record, record, EXIT)
    answers, asked, written = iter((completed, None)), [], []

    def complete(event):
        asked.append(event.num)
        return next(answers)

    source.complete, source.on_event = complete, lambda *_: written.append(source.block())
    assert [(event.num, event.tid, event.nparams) for event in source] == [(2, 1, 2), (4, 9, 3), (6, 9, 2), (8, 1, 2)]
    assert asked == [4, 6]
    assert written == [EXIT, completed, record, EXIT]


def test_an_event_that_cannot_be_completed_stays_as_it_is():
    def complete(_event):
        raise EventError("it makes no sense")

    source = source_of(block(CODES["SYSCALL_UNLINK_2_X"], bytes(8)))
    source.complete = complete
    assert [event.nparams for event in source] == [1]


def test_the_source_looks_round_after_each_batch_and_wait():
    answers = iter((True, True, False))
    source = source_of(EXIT, idle=lambda: next(answers))
    assert numbers(source) == [(2, CLOSE_X)]
    assert next(answers, None) is None


def _header(*, kind=blocks.EVENT_V2, size=60, length=46, code=CLOSE_X, count=2, trailer=60):
    head = struct.pack("<IIHQqIHI", kind, size, 0, 1, 1, length, code, count)
    return head + struct.pack("<2H2qI", 8, 8, 0, 0, trailer)


def test_the_header_that_the_next_test_spoils_is_good():
    assert numbers(source_of(_header())) == [(2, CLOSE_X)]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"short",
        _header(kind=0x204),
        _header(size=64),
        _header(size=56),
        _header(size=58),
        _header(size=0),
        _header(size=0xFFFFFFFF),
        _header(length=0),
        _header(length=29),
        _header(length=47),
        _header(length=0xFFFFFFFF),
        _header(code=60_000),
        _header(code=CODES["PROCEXIT_1_X"]),
        _header(count=64),
        _header(count=0xFFFFFFFF),
        _header(trailer=56),
        EXIT[:-4],
    ],
)
def test_what_makes_no_sense_is_passed_over_and_counted(bad, caplog):
    caplog.set_level(logging.WARNING, "falco")
    source = source_of(EXIT, bad, bad, EXIT)
    assert numbers(source) == [(2, CLOSE_X), (4, CLOSE_X)]
    assert source.malformed == (2 if bad else 0), "an empty record says nothing wrong"
    assert len(caplog.records) == bool(bad)


def test_what_was_good_before_a_mistake_in_the_same_record_is_shown():
    source = source_of(ENTER + _header(trailer=56), EXIT)
    assert numbers(source) == [(1, CLOSE_E), (3, CLOSE_X)]
    assert source.malformed == 1


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_make_it_fail(start, rest):
    source = source_of(start, ENTER + rest, _header()[: len(rest)] + rest, EXIT)
    for event in source:
        assert event.end <= len(event.buffer)
        assert len(source.block()) % 4 == 0
    assert source.num >= 3


@given(st.lists(st.sampled_from([ENTER, EXIT, ENTER + EXIT, block(PROCEXIT), b"bad!"]), max_size=30))
def test_numbers_are_those_of_the_pairs_written_out(records):
    expected = sum({ENTER: 1, EXIT: 2, ENTER + EXIT: 2, block(PROCEXIT): 1, b"bad!": 0}[r] for r in records)
    source = source_of(*records)
    seen = [event.num for event in source]
    assert seen == sorted(set(seen))
    assert source.num == expected


def test_a_recorder_gets_every_block_before_it_is_shown():
    source = source_of(ENTER + EXIT, block(OPENAT_X, ts=9, tid=8), wanted=Wanted((CLOSE_E, CLOSE_X)))
    told: list[tuple[int, int, int, bytes]] = []
    source.on_event = lambda ts, tid, code: told.append((ts, tid, code, source.block()))
    for event in source:
        assert told[-1] == (event.ts, event.tid, event.code, source.block())
    assert [t[3] for t in told] == [ENTER, EXIT, block(OPENAT_X, ts=9, tid=8)]
    assert told[-1][:3] == (9, 8, OPENAT_X)


def test_a_recorder_may_take_unwanted_blocks_as_they_are():
    source = source_of(ENTER + EXIT, wanted=Wanted((CLOSE_X,)))
    events: list[int] = []
    skipped: list[bytes] = []
    source.on_event, source.on_skipped = lambda ts, tid, code: events.append(code), skipped.append
    assert numbers(source) == [(2, CLOSE_X)]
    assert (events, skipped) == ([CLOSE_X], [ENTER])


@pytest.mark.parametrize("event_filter", [None, lambda event: event.code == PROCEXIT])
def test_a_recording_opens_with_the_state_and_holds_the_blocks(tmp_path, event_filter):
    state = State()
    found = Snapshot()
    thread = ThreadInfo(77, 77)
    thread.comm = "known"
    found.add_thread(thread)
    state.load(found)
    source = source_of(ENTER + EXIT, block(PROCEXIT, ts=9, tid=8))
    recorder = Recorder(str(tmp_path / "live.scap"), None, False, event_filter)
    recorder.attach(source, state)
    recorder.begin(1)
    for event in source:
        recorder.write(event)
    recorder.close()
    stream = open_stream(str(tmp_path / "live.scap"))
    loaded: list[Snapshot] = []
    reader = Reader(stream, Event(State()), loaded.append)
    shown = [(event.code, event.ts, event.tid, event.params()) for event in reader if not event.hidden]
    stream.close()
    all_shown = [(CLOSE_E, 1, 1, (bytes(8),)), (CLOSE_X, 1, 1, (bytes(8), bytes(8))), (PROCEXIT, 9, 8, ())]
    assert shown == (all_shown if event_filter is None else all_shown[2:])
    assert loaded[0].threads[77].comm == "known"


def test_events_that_cannot_be_read_are_counted_and_the_first_is_told(caplog):
    source = source_of(EXIT, EXIT)
    for _ in source:
        source.locate(ValueError("no"))
    assert source.malformed == 2
    (record,) = caplog.records
    assert record.getMessage().endswith("passed over (more are only counted): event 2 (close): no")


def test_an_event_that_hides_from_its_owner_is_shown():
    def on_own(event):
        raise EventError("garbled")

    source = source_of(block(PRCTL_X, tid=5))
    source.own_code, source.on_own = PRCTL_X, on_own
    assert numbers(source) == [(2, PRCTL_X)]


@pytest.mark.parametrize(("call", "code"), [(328, 1), (329, 0xFA61), (453, 0xFA61)])
def test_a_recording_hides_calls_that_other_readers_do_not_know(tmp_path, call, code):
    params = struct.pack("<H", call), struct.pack("<H", 334)
    source = source_of(block(GENERIC_X, *params, ts=5, tid=7))
    recorder = Recorder(str(tmp_path / "x.scap"))
    recorder.attach(source, State())
    recorder.begin(1)
    live = [(event.num, event.ts, event.tid, event.code, event.params()) for event in source]
    recorder.close()
    assert source.block()[30:32] == struct.pack("<H", code)
    stream = open_stream(str(tmp_path / "x.scap"))
    (read,) = [(e.num, e.ts, e.tid, e.code, e.params()) for e in Reader(stream, Event(State()), lambda _: None)]
    stream.close()
    assert live == [(2, 5, 7, GENERIC_X, params)]
    assert read == (1, 5, 7, GENERIC_X, params)


@pytest.mark.parametrize("flags", [0, blocks.STATE_ONLY])
def test_events_from_elsewhere_come_between_batches_and_are_recorded(tmp_path, flags):
    told = [[writer.container_event(77, b'{"container": {"id": "x", "name": "web"}}', flags)], []]
    source = source_of(EXIT, EXIT)
    source.besides = lambda: told.pop(0) if told else ()
    state = source.event.state
    recorder = Recorder(str(tmp_path / "out.scap"))
    recorder.attach(source, state)
    recorder.begin(1)
    seen = []
    for event in source:
        state.apply(event)
        recorder.write(event)
        seen.append((event.num, event.code, event.ts, event.hidden))
    recorder.close()
    assert seen[2:] == [(5, CODES["CONTAINER_JSON_E"], 77, bool(flags))] and state.containers["x"].name == "web"
    again = State()
    with closing(open_stream(str(tmp_path / "out.scap"))) as stream:
        reader = Reader(stream, Event(again), again.load)
        for event in reader:
            hidden = event.hidden
            again.apply(event)
    assert again.containers["x"].name == "web" and hidden is bool(flags)


def test_a_long_text_from_elsewhere_is_framed_as_well():
    source = source_of(EXIT)
    source.besides = lambda: [writer.container_event(1, b'{"container": {"id": "x", "name": "%b"}}' % (b"y" * 70_000))]
    (event,) = [(e.code, len(e.raw(0))) for e in source if e.code != CLOSE_X]
    assert event[0] == CODES["CONTAINER_JSON_2_E"] and event[1] > 70_000


def test_it_is_behind_while_there_is_something_in_the_ring():
    behind: list[bool] = []
    buffer = RingBuffer()
    buffer.put(EXIT)
    ring = buffer.ring
    source = LiveSource(ring, Event(State()), lambda: len(behind) < 2, patience=Patience(lambda _: None))
    source.besides = lambda: behind.append(source.is_behind) or ()  # type: ignore[func-returns-value]
    assert len(list(source)) == 1 and behind == [True, False]
