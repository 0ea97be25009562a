from __future__ import annotations

import pytest

from falco.fields import proc_resources
from falco.fields.field import Scope
from falco.state.threads import CLONE_THREAD, ThreadInfo
from tests.unit.fields.reading import read_all


def values(event):
    return {name.removeprefix("proc."): found for name, found in read_all(proc_resources.FIELDS, event).items()}


@pytest.fixture
def event(event_of, state, process):
    parent = ThreadInfo(1, 1, 0)
    parent.clone_ts = 1_500_000_000_000_000_000
    state.add_thread(parent)
    process.fdlimit = 10
    for tid in (101, 102):
        child = ThreadInfo(tid, 100, 100)
        child.flags = CLONE_THREAD
        state.add_thread(child)
    process.vmsize, process.vmrss, process.vmswap = 30, 20, 10
    process.clone_ts = 1_500_000_001_000_000_000
    return event_of("SYSCALL_CHDIR_X", 0, "/")


def test_a_process(event):
    assert values(event) == {
        "nthreads": 3,
        "nchilds": 2,
        "duration": 2,
        "fdopencount": 5,
        "fdlimit": 10,
        "fdusage": 50.0,
        "vmsize": 30,
        "vmrss": 20,
        "vmswap": 10,
        "pid.ts": 1_500_000_001_000_000_000,
        "ppid.duration": 1_000_000_002,
        "ppid.ts": 1_500_000_000_000_000_000,
    }


def test_processes_older_than_the_capture_have_no_age(event, process, state):
    process.clone_ts = state.threads[1].clone_ts = 0
    found = values(event)
    assert [found[name] for name in ("duration", "pid.ts", "ppid.duration", "ppid.ts")] == [None] * 4


def test_without_a_limit_nothing_of_it_is_used(event, process):
    process.fdlimit = -1
    assert values(event)["fdusage"] == 0.0


def test_threads_share_fds_and_their_number(event, state):
    event.thread = state.threads[101]
    found = values(event)
    assert [found[name] for name in ("nthreads", "nchilds", "fdopencount", "fdlimit")] == [3, 0, 5, 10]


def test_no_thread_no_value(event):
    event.thread = None
    assert set(values(event).values()) == {None}


def test_values_change_without_events_that_rules_name():
    assert {field.scope for field in proc_resources.FIELDS} == {Scope.VOLATILE}
