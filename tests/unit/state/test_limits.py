from __future__ import annotations

import pytest

from falco.state import limits
from falco.state.fds import FdInfo, FdType
from falco.state.snapshot import Interface, Snapshot
from falco.state.state import State
from falco.state.threads import ThreadInfo
from falco.state.users import Group, User


@pytest.mark.parametrize(
    ("name", "limit", "add", "rows"),
    [
        ("threads", "MAX_THREADS", lambda s, n: s.add_thread(ThreadInfo(n, n)), "threads"),
        ("accounts", "MAX_ACCOUNTS", lambda s, n: s.add_user(User(n, n, "", "", "")), "users"),
        ("accounts", "MAX_ACCOUNTS", lambda s, n: s.add_group(Group(n, "")), "groups"),
        (
            "interfaces",
            "MAX_INTERFACES",
            lambda s, n: s.add_interface(Interface("", *3 * (bytes((0, 0, 0, n)),))),
            "interfaces",
        ),
    ],
)
def test_what_is_found_at_the_start_is_bounded_and_counted(name, limit, add, rows, monkeypatch):
    monkeypatch.setattr(limits, limit, 3)
    snapshot = Snapshot()
    for number in range(5):
        add(snapshot, number)
    assert (len(getattr(snapshot, rows)), snapshot.refused[name]) == (3, 2)
    state = State()
    state.load(snapshot)
    assert state.refused[name] == 2


def test_fds_of_one_process_are_bounded(monkeypatch):
    monkeypatch.setattr(limits, "MAX_FDS", 2)
    snapshot, thread = Snapshot(), ThreadInfo(7, 7)
    for number in (0, 1, 2, 1):
        snapshot.add_fd(thread, number, FdInfo(FdType.FIFO))
    assert (list(thread.fds), snapshot.refused["fds"]) == ([0, 1], 1)


def test_ancestors_are_looked_at_up_to_a_limit():
    state = State()
    for tid in range(1, limits.MAX_ANCESTORS + 50):
        state.add_thread(ThreadInfo(tid, tid, tid - 1))
    last = state.threads[limits.MAX_ANCESTORS + 49]
    assert len(list(state.parents(last))) == limits.MAX_ANCESTORS
