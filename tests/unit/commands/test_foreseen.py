"""What is made while events go on, and taken up between two of them."""

from __future__ import annotations

import threading

import pytest

from falco.commands.foreseen import Foreseen
from falco.errors import FalcoError


@pytest.fixture
def foreseen():
    made: Foreseen[object] = Foreseen()
    yield made
    made.close()


@pytest.fixture
def turns(foreseen):
    """Turns between events until something is so."""
    tick = foreseen.ticking(lambda: True)

    def turn_until(what):
        for _ in range(1_000_000):
            assert tick()
            if what():
                return
        raise AssertionError

    return turn_until


def test_it_is_taken_up_by_the_thread_that_has_the_turns(foreseen, turns):
    taken: list[tuple[threading.Thread, threading.Thread]] = []
    foreseen.make(threading.current_thread, lambda by: taken.append((by, threading.current_thread())), pytest.fail)
    turns(lambda: taken)
    ((maker, taker),) = taken
    assert taker is threading.current_thread()
    assert maker is not taker


def test_events_go_on_meanwhile(foreseen):
    go, taken = threading.Event(), list[object]()
    foreseen.make(go.wait, taken.append, pytest.fail)
    assert foreseen.ticking(lambda: False)() is False
    assert taken == []
    go.set()


def test_what_is_asked_for_later_takes_the_place_of_what_is_not_ready(foreseen, turns):
    go, taken = threading.Event(), list[object]()
    foreseen.make(go.wait, lambda _: taken.append("first"), pytest.fail)
    foreseen.make(lambda: "second", taken.append, pytest.fail)
    go.set()
    turns(lambda: taken)
    assert taken == ["second"]


def test_a_failure_is_told_in_its_place(foreseen, turns):
    failed: list[FalcoError] = []

    def fail():
        raise FalcoError("no compiler")

    foreseen.make(fail, pytest.fail, failed.append)
    turns(lambda: failed)
    assert [str(error) for error in failed] == ["no compiler"]


def test_what_is_ready_is_taken_up_once(foreseen, turns):
    taken: list[object] = []
    foreseen.make(lambda: 1, taken.append, pytest.fail)
    turns(lambda: taken)
    foreseen.ticking(lambda: True)()
    assert taken == [1]


def test_nothing_is_taken_up_after_its_end(foreseen):
    taken: list[object] = []
    foreseen.make(lambda: 1, taken.append, pytest.fail)
    foreseen.close()
    assert foreseen.ticking(lambda: True)()
    assert taken == []
