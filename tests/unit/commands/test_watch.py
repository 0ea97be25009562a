"""A live run: its buffer, and when it ends."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from falco.capture.probe.plan import Wanted
from falco.capture.probe.sieve import NO_SIEVE
from falco.commands.watch import Watch, buffer_bytes, until

if TYPE_CHECKING:
    from falco.capture.live.loader import Loaded


@pytest.mark.parametrize(("asked", "megabytes"), [(1, 1), (8, 8), (9, 8), (100, 64)])
def test_the_buffer_is_a_power_of_two(asked, megabytes):
    assert buffer_bytes(asked) == megabytes << 20


def test_the_buffer_is_by_memory_if_nobody_says():
    assert buffer_bytes(0) in {megabytes << 20 for megabytes in (8, 16, 32, 64)}


class Controls:
    """What a user asks for."""

    def __init__(self, pending=False, answer=True):
        self.pending, self._answer = pending, answer

    def act(self):
        return self._answer


def test_it_goes_on_until_the_user_asks_to_stop():
    assert until(Controls(), 0)()
    assert until(Controls(pending=True, answer=True), 0)()
    assert not until(Controls(pending=True, answer=False), 0)()


def test_the_time_begins_when_it_is_first_asked(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("falco.commands.watch.time.monotonic", lambda: now[0])
    running = until(Controls(), 5)
    now[0] = 1000.0
    assert running()
    now[0] = 1004.9
    assert running()
    now[0] = 1005.0
    assert not running()


def test_what_the_kernel_refuses_is_told_once_and_what_comes_of_it_for_a_sieve(caplog):
    watch = Watch.__new__(Watch)
    refused = {"exit_open": "too new", "sieve_fds_1": "too large", "exit_read": "known"}
    by_call = {"connect": "sieve_fds_1", "open": "sieve_opens_1", "accept": "sieve_fds_1"}
    watch._loaded = cast("Loaded", SimpleNamespace(left_out=refused))
    watch._need = Wanted(frozenset(), sieve=dataclasses.replace(NO_SIEVE, by_call=by_call))
    watch._tell_left_out({"exit_read": "known"})
    first, second = (record.getMessage() for record in caplog.records)
    assert first == "probe: exit_open is left out: too new"
    assert second == (
        "probe: every connect, accept call that rules look at leaves the kernel, as what tests it (sieve_fds_1) is left"
        " out: too large"
    )
