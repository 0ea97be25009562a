"""What a second look at the machine makes of the table after events were lost."""

from __future__ import annotations

import pytest

from falco.state.fds import FdInfo, FdType
from falco.state.reconciling import Found, Reconciled, is_another, reconcile
from falco.state.snapshot import Snapshot
from falco.state.state import State
from falco.state.threads import CLONE_THREAD
from tests.events import Builder, process

SECOND = 1_000_000_000
NOW = 1_500_000_000 * SECOND
OLD = NOW - 100 * SECOND


@pytest.fixture
def state():
    """A shell (7) and a server (100) with a second thread (101), all there for long."""
    state = State()
    rows = [
        process(7, comm="sh", exepath="/bin/sh", clone_ts=OLD),
        process(100, comm="srv", exepath="/bin/srv", clone_ts=OLD),
        process(101, 100, 100, comm="srv", exepath="/bin/srv", flags=CLONE_THREAD, clone_ts=OLD),
    ]
    rows[0].fds[3] = FdInfo(FdType.FILE_V2, "/x")
    state.load(Snapshot(threads={t.tid: t for t in rows}))
    return state


def found(*changed, unchanged=()) -> Found:
    snapshot = Snapshot(threads={t.tid: t for t in changed}, read_at={t.tid: NOW for t in changed})
    return Found(NOW, NOW + 1, snapshot, frozenset(unchanged))


def test_nothing_changes_where_nothing_differs(state):
    before = dict(state.threads)
    assert reconcile(state, found(unchanged=(7, 100, 101))) == Reconciled(0, 0, 0)
    state.end_merge()
    assert state.threads == before


def test_new_threads_are_added_with_their_fds_and_process(state):
    new, other = (
        process(8, comm="cat", cwd="/tmp", clone_ts=NOW - 1),
        process(102, 100, 100, flags=CLONE_THREAD, clone_ts=NOW - 1),
    )
    new.fds[4] = FdInfo(FdType.FILE_V2, "/y")
    assert reconcile(state, found(new, other, unchanged=(7, 100, 101))) == Reconciled(2, 0, 0)
    assert (state.threads[8].cwd, state.threads[8].fds[4].name) == ("/tmp/", "/y")
    assert state.threads[102].main is state.threads[100]
    assert state.threads[100].nchilds == 2


def test_another_program_is_taken_over_in_place(state):
    shell, generation = state.threads[7], state.threads[7].generation
    now = process(
        7, comm="cat", exe="cat", exepath="/bin/cat", args=["-x"], env=["A=1"], cwd="/tmp", uid=33, clone_ts=OLD
    )
    assert reconcile(state, found(now, unchanged=(100, 101))) == Reconciled(0, 1, 0)
    assert state.threads[7] is shell
    assert (shell.comm, shell.exe, shell.exepath, shell.args) == ("cat", "cat", "/bin/cat", ["-x"])
    assert (shell.env, shell.cwd, shell.uid, shell.fds[3].name) == (["A=1"], "/tmp/", 33, "/x")
    assert shell.generation > generation


def test_a_second_thread_takes_over_no_directory(state):
    reconcile(
        state, found(process(101, 100, 100, comm="w", cwd="/tmp", flags=CLONE_THREAD, clone_ts=OLD), unchanged=(7, 100))
    )
    assert (state.threads[101].comm, state.threads[101].cwd, state.threads[101].main.cwd) == ("w", "", "/")


def test_processes_whose_parent_ended_unseen_have_the_one_that_they_have_now(state):
    orphans = process(8, ptid=7, clone_ts=OLD), process(9, ptid=60, clone_ts=OLD), process(10, ptid=101, clone_ts=OLD)
    for thread in orphans:
        state.add_thread(thread)
    look = Found(NOW, NOW + 1, Snapshot(), frozenset((8, 9, 10, 100, 101)), {8: 100, 9: 101, 10: 100, 11: 1})
    assert reconcile(state, look) == Reconciled(0, 0, 1)
    assert [thread.ptid for thread in orphans] == [100, 101, 101]  # The last one's parent is there.


def test_another_process_replaces_the_one_that_had_its_id(state):
    before = state.threads[7]
    assert reconcile(state, found(process(7, comm="new", clone_ts=NOW - SECOND), unchanged=(100, 101))) == Reconciled(
        1, 0, 0
    )
    assert state.threads[7] is not before
    assert (state.threads[7].comm, state.threads[7].fds) == ("new", {})


def test_a_placeholder_is_replaced(state):
    state.thread_or_placeholder(9)
    assert reconcile(state, found(process(9, comm="new", clone_ts=OLD), unchanged=(7, 100, 101))).added == 1
    assert (state.threads[9].comm, state.threads[9].placeholder) == ("new", False)


def test_the_vanished_go_when_events_are_through(state):
    state.thread_or_placeholder(9)
    assert reconcile(state, found(unchanged=(7,))) == Reconciled(0, 0, 3)
    box = Builder(state, ts=NOW)
    last = box.event("SYSCALL_OPEN_X", ts=NOW, tid=101, fd=4, name="/x", flags="O_RDONLY")
    assert last.thread is not None
    assert last.thread.comm == "srv"
    box.event("SYSCALL_OPEN_X", ts=NOW + 2 * SECOND, tid=7, fd=4, name="/x", flags="O_RDONLY")
    assert set(state.threads) == {7}


def test_what_was_born_during_the_look_stays(state):
    state.add_thread(process(8, clone_ts=NOW + 1))
    assert reconcile(state, found(unchanged=(7, 100, 101))).vanished == 0


def test_a_second_reconciliation_may_come_before_the_first_is_through(state):
    reconcile(state, found(unchanged=(7, 100)))
    reconcile(state, found(unchanged=(7, 101)))
    state.end_merge()
    assert set(state.threads) == {7}


@pytest.mark.parametrize(
    ("known", "start", "another"),
    [(OLD, OLD, False), (OLD, OLD - SECOND, False), (OLD, OLD + 10_000_000, False), (OLD, NOW, True), (0, NOW, False)],
    ids=["same", "entered late", "within a tick", "later", "from a capture"],
)
def test_whose_start_it_is(known, start, another):
    assert is_another(process(7, clone_ts=known), start) == another
