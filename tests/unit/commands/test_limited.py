from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from falco.commands.limited import Limited
from falco.monitor import Source

NS = 1_000_000_000


class Fixed:
    def __init__(self, *times, first_ts=0):
        self.times = times
        self.state = SimpleNamespace(first_ts=first_ts)

    def __iter__(self):
        return (SimpleNamespace(ts=ts, state=self.state) for ts in self.times)

    def locate(self, error):
        return ValueError(f"located {error}")


def times(seconds, *at, first_ts=0):
    return [event.ts for event in Limited(cast(Source, Fixed(*at, first_ts=first_ts)), seconds)]


def test_it_ends_with_the_first_event_that_is_late_enough():
    assert times(2, 5 * NS, 6 * NS, 7 * NS - 1, 7 * NS, 6 * NS) == [5 * NS, 6 * NS, 7 * NS - 1]


def test_time_counts_from_an_event_that_was_passed_over():
    assert times(2, 6 * NS, 7 * NS, first_ts=5 * NS) == [6 * NS]
    assert times(2, 8 * NS, first_ts=5 * NS) == []


def test_it_ends_with_its_source():
    assert times(2, 5, 6) == [5, 6]
    assert times(2) == []


def test_places_come_from_the_source():
    assert str(Limited(cast(Source, Fixed()), 1).locate(KeyError("x"))) == "located 'x'"
