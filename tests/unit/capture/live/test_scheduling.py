"""How a thread is scheduled, on real threads. As root, as all that starts a probe is."""

from __future__ import annotations

import os
import threading

import pytest

from falco.capture.live import scheduling


def _scheduled(how):
    """Policy, nice value above the process's own, and the policy of a thread that such a thread starts."""
    found: list[int] = []

    def look():
        me = threading.get_native_id()
        found.extend((os.sched_getscheduler(me) & ~os.SCHED_RESET_ON_FORK, os.getpriority(os.PRIO_PROCESS, me)))

    def first():
        scheduling.go_first(how)
        look()
        other = threading.Thread(target=look)
        other.start()
        other.join()

    thread = threading.Thread(target=first)
    thread.start()
    thread.join()
    return found[0], found[1] - os.nice(0), found[2]


@pytest.mark.parametrize(
    ("how", "expected"),
    [("realtime", (os.SCHED_RR, 0)), ("raised", (os.SCHED_OTHER, -4)), ("normal", (os.SCHED_OTHER, 0))],
)
def test_a_thread_goes_first_as_is_said_and_what_it_starts_is_ordinary(how, expected):
    policy, ahead, of_started = _scheduled(how)
    assert ((policy, ahead), of_started) == (expected, os.SCHED_OTHER)


def test_where_real_time_is_refused_the_nice_value_is_lowered(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert _scheduled("realtime")[:2] == (os.SCHED_OTHER, -4)


def test_where_both_are_refused_it_goes_on(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "setpriority", refuse)
    assert _scheduled("realtime")[:2] == (os.SCHED_OTHER, 0)
