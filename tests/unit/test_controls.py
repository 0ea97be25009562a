from __future__ import annotations

import os
import signal

import pytest

from falco.controls import Controls


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_stops_at_the_next_event(number):
    with Controls().installed() as controls:
        assert not controls.pending
        send(number)
        assert controls.pending
        assert controls.act() is False
        # The next one is deadly, for what waits and cannot look.
        assert signal.getsignal(number) is signal.SIG_DFL


def test_a_signal_that_comes_twice_at_once_is_one():
    again = iter((signal.SIGTERM,))

    def sleep(_seconds):
        for number in again:
            send(number)

    with Controls(sleep=sleep).installed() as controls:
        send(signal.SIGTERM)
        assert controls.act() is False


def test_running_does_what_was_asked_for():
    calls: list[str] = []
    controls = Controls(reload=lambda: calls.append("reload"))
    with controls.installed():
        assert (controls.running(), calls) == (True, [])
        send(signal.SIGHUP)
        assert (controls.running(), calls) == (True, ["reload"])
        send(signal.SIGTERM)
        assert controls.running() is False


def test_other_signals_call_what_they_ask_for_and_go_on():
    calls: list[str] = []
    controls = Controls(reload=lambda: calls.append("reload"), reopen=lambda: calls.append("reopen"))
    with controls.installed():
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGHUP):
            send(number)
        assert calls == []
        assert controls.act() is True
        assert calls == ["reopen", "reload"]
        assert not controls.pending
        assert controls.act() is True
    assert calls == ["reopen", "reload"]


def test_a_signal_during_the_work_is_not_lost():
    calls: list[str] = []

    def reload():
        calls.append("reload")
        if len(calls) == 1:
            send(signal.SIGHUP)

    controls = Controls(reload=reload)
    with controls.installed():
        send(signal.SIGHUP)
        assert controls.act()
        assert controls.pending
        assert controls.act()
    assert calls == ["reload", "reload"]


def test_the_timer_asks_for_samples_until_the_end():
    samples: list[int] = []
    controls = Controls(sample=lambda: samples.append(1))
    with controls.installed(sample_every_ms=1):
        while len(samples) < 3:
            signal.sigtimedwait([], 0.001)
            if controls.pending:
                controls.act()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGHUP)
    with Controls().installed():
        assert signal.getsignal(signal.SIGHUP) != before
    assert signal.getsignal(signal.SIGHUP) == before
