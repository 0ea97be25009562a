from __future__ import annotations

from falco.state import limits, snapshot
from falco.state.fds import FdInfo, FdType
from falco.state.snapshot import Interface, Machine, Snapshot
from falco.state.state import State
from falco.state.threads import ThreadInfo
from falco.state.users import Group, User
from tests.events import Builder, process

MACHINE = Machine(2, 1 << 30, 1 << 22, "box", 0)
INTERFACE = Interface("lo", b"\x7f\0\0\1", b"\xff\0\0\0", b"\x7f\xff\xff\xff")


def loaded():
    threads = {7: process(7, comm="cat"), 8: process(8, 7, comm="thread")}
    state = State(all_events=True)
    state.load(Snapshot(MACHINE, [INTERFACE], [User(0, 0, "root", "/root", "")], [Group(0, "root")], threads))
    return state


def test_a_state_gives_back_what_it_was_loaded_with():
    state = loaded()
    now = snapshot.of(state)
    assert (now.machine, now.interfaces) == (MACHINE, [INTERFACE])
    assert (now.users, now.groups) == ([User(0, 0, "root", "/root", "")], [Group(0, "root")])
    assert [thread.comm for thread in now.threads.values()] == ["cat", "thread"]


def test_it_is_of_now_and_not_of_the_start():
    state = loaded()
    builder = Builder(state)
    builder.call("SYSCALL_OPEN", fd=3, name="/etc/passwd")
    builder.event("PROCEXIT_1_E", tid=8, status=0)
    state.settle()
    now = snapshot.of(state)
    assert list(now.threads) == [7]
    assert now.threads[7].fds[3].name == "/etc/passwd"


def test_an_empty_state_gives_an_empty_snapshot():
    assert snapshot.of(State()) == Snapshot()


def test_loading_it_elsewhere_gives_an_equal_state():
    state = loaded()
    Builder(state).call("SYSCALL_CHDIR", res=0, path="/tmp")
    other = State(all_events=True)
    other.load(snapshot.of(state))
    assert [t.main.cwd for t in other.threads.values()] == ["/tmp/", "/tmp/"]
    assert (other.machine, other.users, other.groups) == (state.machine, state.users, state.groups)


def test_all_fds_together_are_bounded(monkeypatch):
    monkeypatch.setattr(limits, "MAX_ALL_FDS", 3)
    snapshot, owners = Snapshot(), (ThreadInfo(7, 7), ThreadInfo(8, 8))
    for owner in owners:
        for number in range(2):
            snapshot.add_fd(owner, number, FdInfo(FdType.FILE))
    assert [len(owner.fds) for owner in owners] == [2, 1]
    assert snapshot.refused["fds"] == 1
