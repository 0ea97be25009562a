"""Events of a source that attached first, then read the machine: what they leave of what was read."""

from __future__ import annotations

import pytest

from falco.state.fds import FdInfo, FdType
from falco.state.merging import Merge
from falco.state.snapshot import Snapshot
from falco.state.state import State
from falco.state.threads import CLONE_THREAD
from tests.events import Builder, process
from tests.facts import fd_fact

SECOND = 1_000_000_000
START = 1_500_000_000 * SECOND
READ = START + 100 * SECOND
"""When everything was read; the younger processes began at START."""


def machine(all_events: bool = True) -> Builder:
    """Found on the machine: init, a shell (7) and its child (200), which runs cat by now."""
    threads = [
        process(1, ptid=0, comm="init"),
        process(7, comm="sh", exe="/bin/sh", exepath="/bin/sh", cwd="/home/u/sub", clone_ts=START - 50 * SECOND),
        process(200, ptid=7, comm="cat", exe="cat", exepath="/bin/cat", cwd="/tmp", clone_ts=START),
    ]
    threads[1].fds[3] = FdInfo(FdType.FILE_V2, "/now")
    state = State(all_events)
    state.load(Snapshot(threads={t.tid: t for t in threads}, read_at=dict.fromkeys((1, 7, 200), READ)))
    return Builder(state, ts=READ, tid=7)


@pytest.fixture
def box():
    return machine()


def birth(box, ts, child=200, parent=7, **values):
    """The parent's side of a clone."""
    return box.event(
        "SYSCALL_CLONE_20_X", ts=ts, tid=parent, res=child, exe="sh", comm="sh", tid_=parent, pid=parent, vtid=parent,
        vpid=parent, **values,
    )  # fmt: skip


def execution(box, ts, exe="ls"):
    return box.event("SYSCALL_EXECVE_19_X", ts=ts, tid=200, res=0, exe=exe, comm=exe, pid=200)


def exit_of(box, ts, tid=200):
    event = box.event("PROCEXIT_1_E", ts=ts, tid=tid)
    if box.state.unsettled:
        box.state.settle()
    return event


def test_the_exit_of_an_older_process_leaves_the_newer(box):
    newer = box.state.threads[200]
    event = exit_of(box, START - SECOND)
    assert box.state.threads[200] is newer
    assert (event.thread is not newer, event.thread.comm) == (True, "<NA>")


def test_its_own_exit_removes_a_thread(box):
    exit_of(box, START + SECOND)
    assert 200 not in box.state.threads


def test_an_older_process_is_known_by_what_it_executes_and_changes_nothing(box):
    newer = box.state.threads[200]
    execution(box, START - 2 * SECOND, exe="old")
    opened = box.event("SYSCALL_OPEN_X", ts=START - SECOND, tid=200, fd=5, name="/x", flags="O_RDONLY")
    assert opened.thread.exe == "old"
    assert (box.state.threads[200], newer.comm, newer.exe, newer.fds) == (newer, "cat", "cat", {})


def test_the_birth_of_a_thread_that_was_read_later_is_not_done_again(box):
    child = box.state.threads[200]
    event = birth(box, START + SECOND)
    assert event.thread is box.state.threads[7]
    assert (box.state.threads[200], child.comm) == (child, "cat")


def test_a_vfork_that_returns_after_the_look_leaves_the_child(box):
    child = box.state.threads[200]
    birth(box, READ + SECOND // 2)
    assert box.state.threads[200] is child


def test_a_birth_after_the_look_replaces_what_had_the_tid(box):
    before = box.state.threads[200]
    birth(box, READ + SECOND // 2, parent=1)
    assert box.state.threads[200] is not before
    assert (box.state.threads[200].comm, box.state.threads[200].ptid) == ("sh", 1)


def test_a_birth_after_an_exit_makes_a_new_thread(box):
    before = box.state.threads[200]
    exit_of(box, START + SECOND)
    birth(box, START + 2 * SECOND)
    assert box.state.threads[200] is not before


def test_the_child_s_own_event_leaves_what_was_read(box):
    child = box.state.threads[200]
    box.event("SYSCALL_CLONE_20_X", ts=START + 1000, tid=200, res=0, exe="sh", comm="sh", tid_=200, pid=200, ptid=7)
    assert (box.state.threads[200], child.comm) == (child, "cat")


def test_a_birth_that_nobody_read_is_done(box):
    birth(box, START, child=300)
    assert box.state.threads[300].ptid == 7


def test_programs_pass_by_as_they_came(box):
    child = box.state.threads[200]
    for name in ("ls", "cat"):
        execution(box, START + SECOND, name)
        assert (box.state.threads[200], child.comm) == (child, name)


def test_steps_from_where_a_thread_was_are_not_taken_again(box):
    shell = box.state.threads[7]
    event = box.event("SYSCALL_CHDIR_X", ts=READ - SECOND, res=0, path="sub")
    assert (shell.cwd, event.thread) == ("/home/u/sub/", shell)
    box.call("SYSCALL_DUP", {"ts": READ - SECOND, "fd": 3}, ts=READ - SECOND, res=5)
    assert set(shell.fds) == {3}


def test_the_way_that_was_gone_leads_to_where_a_thread_was_found(box):
    shell = box.state.threads[7]
    shell.cwd = "/said/by/an/event/"
    generation = shell.generation
    box.event("SYSCALL_CHDIR_X", ts=READ - SECOND, res=0, path="/elsewhere")
    assert (shell.cwd, shell.generation > generation) == ("/home/u/sub/", True)


def test_steps_after_the_look_are_taken(box):
    shell = box.state.threads[7]
    box.event("SYSCALL_CHDIR_X", ts=READ + 1, res=0, path="deeper")
    box.call("SYSCALL_DUP", {"ts": READ + 1, "fd": 3}, ts=READ + 1, res=5)
    assert (shell.cwd, shell.fds[5].name) == ("/home/u/sub/deeper/", "/now")


def test_a_step_shows_the_fd_that_its_fact_describes_and_not_one_of_later(box):
    """What a process had at a number then is not what it was found to have there."""
    shell = box.state.threads[7]
    shell.last_fd = 3
    told = fd_fact(1, FdType.FIFO, "/", inode=5)
    event = box.event("SYSCALL_DUP_X", ts=READ - SECOND, res=1, extra=[told])
    assert (event.fd.type, event.fd.ino, event.fd_num) == (FdType.FIFO, 5, 1)
    assert set(shell.fds) == {3}


def test_a_failed_step_shows_its_error_and_fd(box):
    box.event("SYSCALL_DUP_E", ts=READ - SECOND, fd=3)
    event = box.event("SYSCALL_DUP_X", ts=READ - SECOND, res=-9)
    assert (event.error, event.fd.name, event.fd_num, event.latency) == (9, "/now", 3, 0)


def test_fds_that_are_opened_meanwhile_are_entered(box):
    box.event("SYSCALL_OPEN_X", ts=READ - SECOND, fd=4, name="/x", flags="O_RDONLY")
    assert box.state.threads[7].fds[4].name == "/x"


def test_what_0_15_ignores_stays_hidden_meanwhile():
    box = machine(all_events=False)
    assert box.state is not None
    event = box.event("SYSCALL_CLOSE_X", ts=START - SECOND, tid=200, res=0)
    assert (event.hidden, event.thread) == (True, box.state.threads[200])


def test_times_of_two_clocks_may_differ_a_little(box):
    child = box.state.threads[200]
    event = box.event("SYSCALL_OPEN_X", ts=START - 500_000, tid=200, fd=4, name="/x", flags="O_RDONLY")
    assert event.thread is child


def test_it_ends_when_the_events_that_waited_are_through(box):
    newer = box.state.threads[200]
    box.event("SYSCALL_OPEN_X", ts=READ + 2 * SECOND, fd=4, name="/x", flags="O_RDONLY")
    # Nothing is held against the look any more: an exit is an exit.
    exit_of(box, START - SECOND)
    assert 200 not in box.state.threads
    assert newer.comm == "cat"


def test_the_vanished_go_when_their_last_events_are_through(box):
    state = box.state
    gone, there = state.threads[200], state.threads[7]
    state.begin_merge(Merge(state.threads, {}, [gone], READ))
    event = box.event("SYSCALL_OPEN_X", ts=READ, tid=200, fd=4, name="/x", flags="O_RDONLY")
    assert (event.thread, state.threads[200]) == (gone, gone)
    box.event("SYSCALL_OPEN_X", ts=READ + 2 * SECOND, fd=4, name="/x", flags="O_RDONLY")
    assert (state.threads.get(200), state.threads[7]) == (None, there)


def test_the_vanished_go_where_no_later_event_comes(box):
    state, gone = box.state, box.state.threads[200]
    state.begin_merge(Merge(state.threads, {}, [gone], READ))
    state.caught_up(READ)
    assert state.threads[200] is gone
    state.caught_up(READ + 2 * SECOND)
    assert 200 not in state.threads


def test_of_the_vanished_a_successor_stays(box):
    state = box.state
    state.begin_merge(Merge(state.threads, {}, [state.threads[200]], READ))
    exit_of(box, READ)
    birth(box, READ + 1)
    state.end_merge()
    assert state.threads[200].comm == "sh"


def test_a_second_look_keeps_to_what_the_first_has_found(box):
    state = box.state
    gone = [process(300), process(301)]
    for thread in gone:
        state.add_thread(thread)
    state.begin_merge(Merge(state.threads, {}, gone[:1], READ + SECOND))
    state.begin_merge(Merge(state.threads, {}, gone[1:], READ + SECOND))
    exit_of(box, START - SECOND)
    assert {200, 300, 301} <= state.threads.keys()
    state.end_merge()
    assert state.threads.keys() == {1, 7, 200}


def test_a_process_vanishes_with_all_its_threads():
    state = State()
    threads = [process(7), process(8, 7, flags=CLONE_THREAD), process(9, 7, flags=CLONE_THREAD)]
    state.load(Snapshot(threads={t.tid: t for t in threads}))
    state.begin_merge(Merge(state.threads, {}, threads, READ))
    state.end_merge()
    assert state.threads == {}


def test_a_capture_has_nothing_to_merge():
    state = State()
    state.load(Snapshot(threads={200: process(200, clone_ts=START)}))
    exit_of(Builder(state, tid=7), START - SECOND)
    assert state.threads == {}
