import pytest

from falco.events.event import Event
from falco.state import room
from falco.state import tables as module
from falco.state.containers import Container
from falco.state.fds import FdInfo, FdType
from falco.state.network import packed
from falco.state.state import State
from falco.state.threads import CLONE_THREAD, GONE, ThreadInfo
from tests.events import build, process


def member(tid: int, pid: int) -> ThreadInfo:
    return process(tid, pid, flags=CLONE_THREAD)


# -- lookups -----------------------------------------------------------------------------------------------------


@pytest.fixture
def tree() -> State:
    """init (1), a server (100, its thread 101), and its child (200), which the thread made."""
    state = State()
    for thread in (process(1, ptid=0), process(100), member(101, 100), process(200, ptid=101), member(201, 200)):
        state.add_thread(thread)
    state.threads[101].ptid = 100
    state.threads[201].ptid = 200
    return state


@pytest.mark.parametrize(
    ("tid", "parents", "ancestors"),
    [
        (1, [], []),
        (100, [1], [1]),
        (101, [100, 1], [1]),
        (200, [101, 100, 1], [101, 100, 1]),
        (201, [200, 101, 100, 1], [101, 100, 1]),
    ],
)
def test_parents_and_ancestors(tree, tid, parents, ancestors):
    thread = tree.threads[tid]
    assert [found.tid for found in tree.parents(thread)] == parents
    assert [found.tid for found in tree.ancestors(thread)] == ancestors
    assert (tree.parent(thread) or thread).tid == [*parents, tid][0]
    found = [tree.ancestor(thread, distance) for distance in range(1, 5)]
    assert [ancestor.tid for ancestor in found if ancestor is not None] == ancestors


def test_loops_of_parents_end(tree):
    tree.threads[1].ptid = 200
    assert [found.tid for found in tree.parents(tree.threads[200])] == [101, 100, 1]
    assert tree.ancestor(tree.threads[200], 3) is tree.threads[1]
    assert tree.ancestor(tree.threads[200], 4) is None
    tree.threads[1].ptid = 1
    assert [found.tid for found in tree.parents(tree.threads[1])] == []


def test_container_of(tree):
    thread = tree.threads[100]
    assert tree.container(thread) is None
    thread.container_id = "c"
    assert tree.container(thread) is None
    tree.add_container(Container("c", 0))
    assert tree.container(thread) is tree.containers["c"]


@pytest.mark.parametrize(
    ("where", "address", "local"),
    [
        ("", "10.0.0.5", True),
        ("", "::ffff:10.0.0.5", True),
        ("", "172.17.0.2", False),
        ("", "2001:db8::77", True),
        ("", "::", True),
        ("web", "172.17.0.2", True),
        ("web", "172.17.0.3", False),
        ("web", "10.0.0.5", True),
        ("web", "0.0.0.0", False),
        ("web", "2001:db8::77", False),
        ("bare", "172.17.0.2", True),  # Any container's address.
        ("bare", "0.0.0.0", True),
        ("unknown", "172.17.0.2", False),
        ("unknown", "10.0.0.5", True),
        ("unknown", "2001:db8::77", False),
    ],
)
def test_is_local(box, where, address, local):
    state = box.state
    state.add_container(Container("web", 0, ip=packed("172.17.0.2")))
    state.add_container(Container("bare", 0))
    thread = state.threads[7]
    thread.container_id = where
    assert state.is_local(packed(address), thread) is local


# -- tables ------------------------------------------------------------------------------------------------------


def test_the_table_of_threads_is_bounded(box, monkeypatch):
    monkeypatch.setattr(module, "MAX_THREADS", 5)
    for tid in range(1000, 1010):
        assert box.event("SYSCALL_MKDIR_E", tid=tid, path="x").thread.comm == "<NA>"
    assert len(box.state.threads) == 5
    assert box.state.refused["threads"] == 9
    box.state.add_thread(process(7, comm="new"))
    assert box.state.threads[7].comm == "new"


def test_even_a_process_that_finds_no_room_has_a_main_thread(monkeypatch):
    monkeypatch.setattr(module, "MAX_THREADS", 1)
    state = State()
    thread = member(8, 7)
    state.add_thread(thread)
    assert set(state.threads) == {8}
    assert thread.main.tid == 7


def test_a_process_does_not_count_a_thread_that_found_no_room(monkeypatch):
    monkeypatch.setattr(module, "MAX_THREADS", 1)
    state = State()
    state.add_thread(process(7))
    stray = process(8)
    assert not state.add_thread(stray)
    state.set_process(stray, 7)
    assert (stray.main, state.threads[7].nchilds) == (state.threads[7], 0)


def test_the_table_of_fds_is_bounded(box, monkeypatch):
    monkeypatch.setattr(module, "MAX_FDS", 3)
    for number in range(5):
        event = box.call("SYSCALL_OPEN", fd=number, name="/x")
    assert (event.fd, event.fd_num, event.path) == (None, 4, "/x")
    assert len(box.state.threads[7].fds) == 3
    assert box.state.refused["fds"] == 2
    assert box.call("SYSCALL_OPEN", fd=2, name="/y").fd.name == "/y"


def test_there_are_no_negative_fds(box):
    assert not box.state.add_fd(box.state.threads[7], -1, FdInfo(FdType.FIFO))


def test_resolve_container_enters_what_is_not_known(box):
    thread = box.state.threads[7]
    thread.cgroups = (("cpu", "/lxc/web"),)
    box.state.resolve_container(thread)
    assert (thread.container_id, box.state.containers["web"].name) == ("web", "web")
    known = box.state.containers["web"]
    box.state.resolve_container(thread)
    assert box.state.containers["web"] is known


def test_the_runtime_of_a_cri_container_only_metadata_tells(box):
    thread = box.state.threads[7]
    thread.cgroups = (("cpu", f"/crio-{'a' * 64}"),)
    box.state.resolve_container(thread)
    assert (thread.container_id, box.state.containers) == ("a" * 12, {})


def test_a_process_that_is_introduced_takes_over_the_placeholder_s_threads():
    state = State()
    thread = member(8, 7)
    state.add_thread(thread)
    main = process(7)
    state.add_thread(main)
    assert (thread.main, set(main.others), set(state.threads)) == (main, {8}, {7, 8})


def test_a_tid_that_is_used_again_ends_the_process_before():
    state = State()
    for thread in (process(7), member(8, 7), member(9, 7)):
        state.add_thread(thread)
    state.add_thread(process(7))
    assert set(state.threads) == {7}
    state.add_thread(member(8, 7))
    state.add_thread(process(8))
    assert (state.threads[7].nchilds, set(state.threads)) == (0, {7, 8})


def test_set_process(box):
    state = box.state
    thread = state.threads[101]
    state.set_process(thread, 7)
    assert (thread.pid, thread.main, state.threads[100].nchilds, state.threads[7].nchilds) == (
        7,
        state.threads[7],
        0,
        1,
    )
    state.set_process(thread, 101)
    assert (thread.main, state.threads[7].nchilds) == (thread, 0)


def test_a_chain_of_threads_that_are_each_other_s_process_ends():
    # Nothing like it exists, but a capture may say so.
    state = State()
    for tid in range(1, 2000):
        state.add_thread(member(tid, tid + 1))
    event = Event(state)
    for tid in (*range(2000, 0, -1),):
        build("PROCEXIT_1_E", tid=tid).frame(event, 1)
        state.apply(event)
        state.settle()
    assert not state.threads


def test_a_removed_thread_does_not_hold_itself(box):
    state = box.state
    old, alone = state.threads[7], state.threads[1]
    new = process(7)
    state.add_thread(new)
    state.forget(alone)
    assert (old.main, alone.main, new.main) == (new, GONE, new)


def test_a_child_shares_its_parent_s_fds_until_one_of_them_changes_its_own(box):
    state = box.state
    parent, child = state.threads[7], process(200)
    state.add_fd(parent, 3, FdInfo(FdType.IPV4_SOCK))
    state.inherit_fds(child, parent)
    state.add_thread(child)
    assert child.fds[3] is parent.fds[3]
    state.add_fd(child, 4, FdInfo(FdType.FIFO))
    assert 4 not in parent.fds
    box.call("SYSCALL_WRITE", {"fd": 3}, res=1)
    assert (parent.fds[3].connected, child.fds[3].connected) == (True, False)
    mine = parent.fds[3]
    box.call("SYSCALL_WRITE", {"fd": 3}, res=1)
    assert parent.fds[3] is mine


def test_all_fd_tables_together_are_bounded(monkeypatch):
    monkeypatch.setattr(room, "MAX_ALL_FDS", 5)
    state = State()
    first, second, third = process(7), process(8), process(9)
    for thread in (first, second, third):
        state.add_thread(thread)
    assert [state.add_fd(first, number, FdInfo(FdType.FILE)) for number in range(2)] == [True, True]
    state.inherit_fds(second, first)
    assert [state.add_fd(second, number, FdInfo(FdType.FILE)) for number in (2, 3)] == [True, False]
    state.inherit_fds(third, first)
    assert (len(second.fds), third.fds, state.refused["fds"]) == (3, {}, 1 + 2)
