from __future__ import annotations

import struct

from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import Stream
from falco.capture.scap.wanted import Wanted
from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE
from falco.state.state import State
from tests.events import build
from tests.unit.capture.scap.made import EVENTS, OPEN, READ, ROWS, capture, event_v1, read, reader


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
