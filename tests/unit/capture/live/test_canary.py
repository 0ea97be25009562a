"""Blindness: found out, told once, mended, and its end told."""

from __future__ import annotations

import struct

import pytest

from falco.capture.live.canary import CODE, INTERVAL_S, LIMIT_S, Canary
from falco.errors import FalcoError
from falco.events.event import Event
from falco.state.state import State

OPTION = 0x46614C63


def event_of(number, option=OPTION):
    params = (bytes(8), struct.pack("<I", option), b"", struct.pack("<q", number))
    lengths = struct.pack("<4H", *map(len, params))
    event = Event(State())
    event.begin(1, 0, 1, 1, CODE, lengths + b"".join(params), 0, 100, 4)
    return event


class Host:
    """A probe, its ring, a clock and what was told, all in one."""

    def __init__(self):
        self.now, self.position, self.produced, self.fill = 100.0, 0, 0, 0.25
        self.sends, self.problems, self.unmendable = True, [], False
        self.calls: list[int] = []
        self.told: list[str | float] = []
        self.mended: list[str] = []
        self.canary = Canary(self, self, self, lambda: self.now, self.call)
        self.lost = self.regained = self.told.append

    def late(self, reason):
        self.told.append(f"late: {reason}")

    def caught_up(self, seconds):
        self.told.append(f"in time after {seconds:.1f}")

    def call(self, number):
        self.calls.append(number)
        self.produced += 64

    def wrong(self):
        return iter(self.problems)

    def mend(self):
        self._mend("mend")

    def reattach(self):
        self._mend("reattach")

    def _mend(self, how):
        self.mended.append(how)
        if self.unmendable:
            raise FalcoError("it is broken")
        self.problems = []

    def run(self, seconds, step=0.05):
        """Read all that is sent and beat, again and again."""
        end = self.now + seconds
        while self.now < end:
            self.canary.beat()
            self.now += step
            if self.sends and self.position < self.produced:
                assert self.canary.saw(event_of(self.calls[-1]))
            self.position = self.produced


@pytest.fixture
def host():
    return Host()


def test_all_is_well(host):
    host.run(20.5)
    assert len(host.calls) == 1 + 20 / INTERVAL_S
    assert len(set(host.calls)) == len(host.calls)
    assert (host.told, host.mended, host.canary.blind) == ([], [], False)


def test_blindness_is_told_once_within_five_seconds(host):
    host.run(2.5)
    host.sends = False
    host.run(4.9)
    assert host.told == ["events no longer arrive"]
    assert host.canary.blind
    host.run(20)
    assert len(host.told) == 1
    assert set(host.mended) == {"reattach"}


def test_recovery_is_told_with_how_long_it_took(host):
    host.run(2.5)
    host.sends = False
    host.run(10)
    host.sends = True
    host.run(3)
    assert host.told[0] == "events no longer arrive"
    assert host.told[1] == pytest.approx(10 - INTERVAL_S, abs=2.5)
    assert not host.canary.blind


def test_a_call_that_is_lost_once_is_made_again(host):
    host.canary.beat()
    host.position = host.produced
    host.run(10)
    assert host.told == []


def test_reading_that_lags_is_told_and_nothing_is_touched(host):
    host.canary.beat()
    host.now += LIMIT_S
    host.canary.beat()
    host.canary.beat()
    assert host.told == ["late: more than 2 s late, 25% of the ring full"]
    assert host.mended == []
    assert not host.canary.blind
    host.run(1)
    assert host.told[1:] == ["in time after 0.0"]


@pytest.mark.parametrize(("sends", "then"), [(True, []), (False, ["events no longer arrive"])])
def test_a_call_that_was_lost_while_reading_lagged_is_made_again_before_it_means_anything(host, sends, then):
    host.canary.beat()
    host.now += LIMIT_S + 1
    host.canary.beat()
    host.position = host.produced  # All is read, and the call was not among it: the ring was full.
    host.sends = sends
    host.canary.beat()
    assert host.told[1:] == ["in time after 0.0"]
    assert host.mended == []
    host.run(4.9)
    assert host.told[2:] == then
    assert host.canary.blind is not sends


def test_what_is_wrong_with_the_maps_is_told_and_mended(host):
    host.run(2.5)
    host.problems = ["slot 2 is empty", "slot 3 is empty"]
    host.run(4.9)
    assert host.told[0] == "slot 2 is empty (and 1 more)"
    assert host.mended == ["mend"]
    assert host.told[1] == pytest.approx(INTERVAL_S, abs=0.2), "the next look finds it mended"


def test_what_cannot_be_mended_is_told_and_tried_again(host):
    host.problems, host.unmendable = ["slot 2 is empty"], True
    host.run(5)
    assert host.told == ["slot 2 is empty; it cannot be mended: it is broken"]
    assert len(host.mended) == 3


def test_only_the_call_that_was_made_is_our_own(host):
    assert not host.canary.saw(event_of(0))
    host.canary.beat()
    (number,) = host.calls
    assert not host.canary.saw(event_of(number + 1))
    assert not host.canary.saw(event_of(number, option=15))
    assert host.canary.saw(event_of(number))
    assert not host.canary.saw(event_of(number)), "a second one is somebody else's"
