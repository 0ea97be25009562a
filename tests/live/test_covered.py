"""Every covered call: seen as often as it is made, with what it was given."""

from __future__ import annotations

import os
import signal

import pytest

from falco.capture.probe.calls import CALLS, LIFE
from falco.capture.probe.plan import OTHERS, REAL_ENTERS
from falco.capture.probe.text import code
from falco.events.syscalls import SYSCALL_NAMES
from falco.events.table import CODES, EVENT_TABLE, GENERIC_E, GENERIC_X
from tests.live.covered import ROWS, Scene, call

TIMES = 7
"""A prime: no other count is a multiple of it by chance."""
BY_NAME = {one.name: one for one in (*LIFE, *CALLS)}


def test_the_table_has_each_covered_call_once():
    assert sorted(row.name for row in ROWS) == sorted(BY_NAME)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    scene = Scene(tmp_path_factory.mktemp("scene"))
    yield scene
    scene.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_call_is_seen_as_often_as_it_is_made(watching, scene, row):
    covered = BY_NAME[row.name]
    made = []
    arguments = row.arguments(scene)

    def act():
        for _ in range(TIMES):
            if row.make:
                row.make(scene)
            else:
                made.append(call(covered.number, arguments))

    seen = watching.seen(act)
    enters = [event for event in seen if event.code == code(covered, "E") and is_of(event, covered)]
    exits = [event for event in seen if event.code == code(covered, "X") and is_of(event, covered)]
    assert (len(enters), len(exits)) == (TIMES, TIMES)
    if code(covered, "E") in REAL_ENTERS:  # what others do may come between
        assert all(enter.num < leave.num for enter, leave in zip(enters, exits, strict=True))
    else:
        assert [enter.num + 1 for enter in enters] == [leave.num for leave in exits]
    assert all(enter.ts <= leave.ts for enter, leave in zip(enters, exits, strict=True))
    if made and exits[0].values:
        results = [event.values[event.type.params[0].name] for event in exits]
        assert covered.event in ("", "SYSCALL_BPF") or results == made
        expected = row.expected(scene)
        assert {name: exits[0].values[name] for name in expected} == expected
    close_all(covered, made)


def is_of(event, covered):
    """Whether an event is of this call, and not of another that has the same events."""
    return bool(covered.event) or event.values["nativeID"] == covered.number


def close_all(covered, made):
    """Close what the calls have opened."""
    row = EVENT_TABLE[code(covered, "X")]
    opens = covered.fd == "RET" or (row.params and row.params[0].name == "fd")
    for fd in set(made):
        if opens and fd > 2 and covered.name not in ("dup2",):
            os.close(fd)


def test_every_other_call_is_a_generic_event(watching):
    """Here sync; which calls these are is tested with the plan."""
    number = next(other.number for other in OTHERS if other.name == "sync")
    seen = watching.seen(lambda: [call(number, ()) for _ in range(TIMES)])
    sent = [event for event in seen if event.values.get("nativeID") == number]
    assert [event.code for event in sent] == [GENERIC_E, GENERIC_X] * TIMES
    assert SYSCALL_NAMES[sent[0].values["ID"]] == "sync"


def test_a_signal_tells_from_whom_and_which(watching):
    signal.signal(signal.SIGUSR2, lambda *_: None)

    def act():
        for _ in range(TIMES):
            os.kill(os.getpid(), signal.SIGUSR2)

    seen = watching.seen(act)
    delivered = [event.values for event in seen if event.code == CODES["SIGNALDELIVER_E"]]
    assert delivered == [{"spid": os.getpid(), "dpid": os.getpid(), "sig": signal.SIGUSR2}] * TIMES
