"""What was refused, as the log tells it while a run lasts; time is the test's."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from falco.commands.refusals import AGAIN_S, LOOK_S, LOOKUPS, SHORTENED, UNANSWERED, Refusals, in_words
from falco.state.state import State

FDS = "The tables of the state were full: 1 fds not kept"
SEVEN = "7 events without a parameter that they had no room for"


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, ""),
        ({"threads": 0, LOOKUPS: 0}, ""),
        (
            {"threads": 3, "fds": 0, "containers": 1},
            "The tables of the state were full: 3 threads, 1 containers not kept",
        ),
        ({LOOKUPS: 2}, "2 containers not looked up, as too many were waiting"),
        (
            {SHORTENED: 7, "fds": 1, UNANSWERED: 4},
            f"{FDS}; 4 events decided without the metadata that they had waited for; {SEVEN}",
        ),
    ],
)
def test_what_was_refused_in_words(counts, words):
    assert in_words(counts) == words


def test_every_table_of_the_state_is_told():
    refused = dict.fromkeys(State().refused, 5)
    assert all(f"5 {name}" in in_words(refused) for name in refused) and len(refused) == 5


@pytest.fixture
def run(caplog):
    """A run whose counts and clock a test has in hand; told are the lines of the log."""
    caplog.set_level(logging.WARNING)
    now, counts = SimpleNamespace(s=100.0), {"threads": 0, "fds": 0}
    tick = Refusals(lambda: counts, lambda: now.s).ticking(lambda: True)

    def after(seconds):
        now.s += seconds
        assert tick()
        lines = [record.message for record in caplog.records]
        caplog.clear()
        return lines

    return SimpleNamespace(after=after, counts=counts)


def test_it_is_told_at_once_and_then_once_a_minute_what_came_since(run):
    assert run.after(0) == []
    run.counts["threads"] = 2
    assert run.after(LOOK_S) == ["The tables of the state were full: 2 threads not kept"]
    run.counts["threads"] = 5
    assert run.after(LOOK_S) == []
    run.counts["fds"] = 1
    assert run.after(AGAIN_S - 2 * LOOK_S) == []
    assert run.after(LOOK_S) == [
        "The tables of the state were full: 3 threads, 1 fds not kept since this was last told"
    ]


def test_what_grows_no_more_is_told_no_more(run):
    run.counts["fds"] = 1
    assert len(run.after(0)) == 1
    assert [run.after(AGAIN_S) for _ in range(3)] == [[], [], []]
    run.counts["fds"] = 2
    assert run.after(LOOK_S) == [f"{FDS} since this was last told"]


def test_the_counts_are_looked_at_once_a_second(run):
    assert run.after(0) == []
    run.counts["fds"] = 1
    assert run.after(LOOK_S / 2) == []
    assert len(run.after(LOOK_S / 2)) == 1


@pytest.mark.parametrize("goes_on", [True, False])
def test_whether_to_go_on_is_for_others_to_say(goes_on):
    assert Refusals(dict, lambda: 0.0).ticking(lambda: goes_on)() is goes_on
