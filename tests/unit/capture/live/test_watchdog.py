"""A loop that stands still: told once, told when it is over, and ended if it lasts."""

from __future__ import annotations

import queue
import subprocess
import sys

import pytest

from falco.capture.live.watchdog import END_S, FAILED, LOOK_S, STUCK_S, Watchdog

PATIENCE_S = 60


class Loop:
    """What is watched and what was told about it. The watchdog's own looks are so rare that none comes between."""

    def __init__(self, monkeypatch):
        self.told: queue.SimpleQueue[str | float] = queue.SimpleQueue()
        self.ended: list[int] = []
        self.dog = Watchdog(self.told.put, self.told.put, self.ended.append)
        monkeypatch.setattr(self.dog, "_run", lambda: None)
        self.dog.beat()
        self.dog.look()

    def stand_still(self, seconds):
        for _ in range(round(seconds / LOOK_S)):
            self.dog.look()

    def next(self):
        return self.told.get(timeout=PATIENCE_S)


@pytest.fixture
def loop(monkeypatch):
    return Loop(monkeypatch)


def test_what_turns_is_not_told(loop):
    for _ in range(100):
        loop.stand_still(STUCK_S - LOOK_S)
        loop.dog.beat()
        loop.dog.look()
    loop.stand_still(STUCK_S)
    assert loop.next().startswith("events are no longer looked at"), "the first that is told"


def test_standing_still_is_told_with_its_place_within_five_seconds(loop):
    loop.stand_still(5 - 2 * LOOK_S)
    assert loop.next() == f"events are no longer looked at, for 4 s by now ({loop.dog._place()})"
    assert "of live/watchdog.py" in loop.dog._place()


def test_it_is_told_once_and_so_is_its_end(loop):
    loop.stand_still(10)
    loop.dog.beat()
    loop.dog.look()
    loop.stand_still(STUCK_S)
    first, second, third = (loop.next() for _ in range(3))
    assert isinstance(first, str)
    assert second == 10.0
    assert isinstance(third, str)


def test_a_program_that_stays_so_is_ended_once_with_the_reason(loop, caplog):
    loop.stand_still(END_S - LOOK_S)
    assert loop.ended == []
    loop.stand_still(10 * END_S)
    assert loop.ended == [FAILED]
    assert "Falco has looked at no events for 60 s and ends, to be started anew (in " in caplog.text


def test_telling_that_fails_or_hangs_keeps_nothing_from_going_on(loop, monkeypatch, caplog):
    def fail(_):
        raise BrokenPipeError(32, "gone")

    monkeypatch.setattr(loop.dog, "_on_stuck", fail)
    loop.stand_still(STUCK_S)
    loop.dog.beat()
    loop.dog.look()
    assert loop.next() == STUCK_S
    assert "could not be told: [Errno 32] gone" in caplog.text
    monkeypatch.setattr(loop.dog, "_on_stuck", lambda _: queue.SimpleQueue().get())
    loop.stand_still(END_S)
    assert loop.ended == [FAILED]


PROGRAM = """
import threading, time
from falco.capture.live import watchdog
watchdog.LOOK_S, watchdog.STUCK_S, watchdog.END_S = 0.01, 0.05, 0.1
dog = watchdog.Watchdog(lambda reason: print(reason, flush=True), print)
dog.beat()
time.sleep({patience})
"""


def test_a_thread_of_its_own_looks_and_ends_the_program():
    program = PROGRAM.format(patience=PATIENCE_S)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == FAILED
    assert "events are no longer looked at" in ended.stdout
    assert "line 7 of" in ended.stdout


def test_it_looks_no_more_once_it_is_closed():
    closed = PROGRAM.replace("time.sleep({patience})", "dog.close(); time.sleep(1); print('there', flush=True)")
    ended = subprocess.run([sys.executable, "-c", closed], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "there\n")
