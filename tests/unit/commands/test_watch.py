"""What a live run asks of the probe."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from falco.commands.options import Options
from falco.commands.watch import buffer_bytes, unseen, until, wanted
from falco.events.table import CODES, EVENT_TABLE
from falco.filter.evttypes import EventTypes
from falco.state.handlers import PROCESS_LIFE

OPEN, READ, CONNECT = (CODES[f"{name}_X"] for name in ("SYSCALL_OPENAT_2", "SYSCALL_READ", "SOCKET_CONNECT"))
KILL_ENTER = CODES["SYSCALL_KILL_E"]


class Rules:
    """As much of a rule set as is asked for."""

    codes = frozenset((OPEN, KILL_ENTER))
    syscalls = frozenset((57,))
    enters = frozenset((KILL_ENTER,))

    def __init__(self, *names):
        self.rules = [SimpleNamespace(types=EventTypes(None, frozenset(), names))]


def test_rules_get_what_they_look_at_and_state_what_process_life_is():
    need = wanted(Rules(), Options())
    assert need.codes == {OPEN, KILL_ENTER, *PROCESS_LIFE}
    assert (need.real, need.times, need.self_tgid) == ({KILL_ENTER}, False, 0)


def test_what_no_rule_looks_at_stays_in_the_kernel():
    need = wanted(Rules(), Options())
    assert READ not in need.codes
    assert need.syscalls == {57}


@pytest.mark.parametrize("options", [Options(all_events=True), Options(writefile="out.scap")])
def test_everything_is_sent_with_times_for_a_recording_but_not_what_makes_the_recording(options):
    need = wanted(Rules(), options)
    assert (len(need.codes), need.syscalls, need.times) == (len(EVENT_TABLE), None, True)
    assert need.self_tgid == os.getpid()


def test_the_snaplen_is_passed_on():
    assert wanted(Rules(), Options(snaplen=7)).snaplen == 7


def test_events_that_never_come_are_named():
    assert unseen(Rules("open", "quotactl", "sync", "container", "procexit", "tracer")) == ("quotactl", "tracer")


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
