from __future__ import annotations

import pytest

from falco.errors import CaptureError
from falco.events.decode import EventError
from falco.events.event import Event
from falco.monitor import monitor
from falco.state.state import State
from tests.events import Builder, process


class Source:
    """Frames built events into one event, one after the other."""

    def __init__(self, builder, event):
        self.builder, self.event, self.num = builder, event, 0

    def __iter__(self):
        for num, built in enumerate(self.builder.built, 1):
            self.num = num
            yield built.frame(self.event, self.num)

    def locate(self, error):
        return CaptureError("x.scap", self.num, str(error))


class Log:
    """Rules, alerts, controls and recorder at once: notes what the loop does, in order."""

    def __init__(self, state, stop_after=None, fail=False):
        self.state, self.stop_after, self.fail, self.seen = state, stop_after, fail, []

    @property
    def pending(self):
        return self.stop_after is not None and len(self.seen) >= self.stop_after

    def act(self):
        self.seen.append("stop")
        return False

    def match(self, event):
        if self.fail:
            raise EventError("garbled")
        self.seen.append(("match", event.num, 7 in self.state.threads))
        return "rule" if event.type.name == "procexit" else None

    def emit(self, rule, event):
        self.seen.append((rule, event.num))

    def write(self, event):
        self.seen.append(("record", event.num))


@pytest.fixture
def state():
    made = State()
    made.add_thread(process(7, comm="sh"))
    return made


@pytest.fixture
def source(state):
    builder = Builder()
    builder.add("GENERIC_E", ID=25)
    builder.add("PROCEXIT_1_E", status=0)
    builder.add("GENERIC_E", tid=8, ID=25)
    return Source(builder, Event(state))


def test_state_then_rules_then_removals(source, state):
    log = Log(state)
    monitor(source, state, log, log, log)
    assert log.seen == [("match", 1, True), ("match", 2, True), ("rule", 2), ("match", 3, False)]


def test_hidden_events_are_recorded_but_not_matched(source, state):
    source.builder.built[0] = source.builder.add("GENERIC_E", ID=25, state_only=True)
    source.builder.built.pop()
    log = Log(state)
    monitor(source, state, log, log, log, log)
    assert log.seen[:2] == [("record", 1), ("record", 2)]


def test_the_user_stops_it(source, state):
    log = Log(state, stop_after=1)
    monitor(source, state, log, log, log)
    assert log.seen == [("match", 1, True), "stop"]


def test_a_garbled_event_is_placed_by_the_source(source, state):
    log = Log(state, fail=True)
    with pytest.raises(CaptureError, match=r"x\.scap: byte 1: garbled"):
        monitor(source, state, log, log, log)
