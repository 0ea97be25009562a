import pytest

from falco.events.event import Event
from falco.events.syscalls import codes_named
from falco.state import state as module
from falco.state.containers import Container
from falco.state.fds import FdInfo, FdType
from falco.state.network import packed
from falco.state.state import State
from falco.state.threads import CLONE_THREAD, ThreadInfo
from tests.events import Builder, build, process
from tests.unit.state.conftest import machine


def member(tid: int, pid: int) -> ThreadInfo:
    return process(tid, pid, flags=CLONE_THREAD)


# -- per event ---------------------------------------------------------------------------------------------------


def test_an_unknown_thread_gets_a_placeholder(box):
    thread = box.event("SYSCALL_MKDIR_E", tid=4242, path="x").thread
    assert box.state.threads[4242] is thread
    assert (thread.placeholder, thread.comm, thread.pid) == (True, "<NA>", 4242)


@pytest.mark.parametrize(
    "symbol", ["SCHEDSWITCH_6_E", "SCHEDSWITCH_1_E", "PROCINFO_E", "DROP_E", "K8S_E", "NOTIFICATION_E"]
)
def test_some_events_introduce_nobody(box, symbol):
    assert box.event(symbol, tid=4242).thread is None
    assert 4242 not in box.state.threads


def test_procinfo_finds_its_thread(box):
    assert box.event("PROCINFO_E", tid=7).thread is box.state.threads[7]


@pytest.mark.parametrize(
    ("symbol", "hidden"),
    [
        ("PROCINFO_E", True),
        ("CONTAINER_E", True),
        ("DROP_E", True),
        ("CPU_HOTPLUG_E", False),
        ("SYSCALL_READ_E", False),
    ],
)
def test_internal_events_are_hidden(box, symbol, hidden):
    assert box.event(symbol).hidden is hidden


def test_state_only_events_stay_hidden_and_count(box):
    event = box.event("SYSCALL_OPEN_X", fd=3, name="/x", state_only=True)
    assert event.hidden
    assert 3 in box.state.threads[7].fds


def test_the_first_event_s_time(box):
    box.event("CONTAINER_JSON_E", ts=5, json='{"container":{"id":"x"}}')
    assert box.state.first_ts == 0
    box.event("SYSCALL_READ_E", ts=7)
    box.event("SYSCALL_READ_X", ts=9)
    assert box.state.first_ts == 7


def test_latency_is_since_the_thread_s_last_enter(box):
    assert box.event("SYSCALL_READ_X", ts=100).latency == 0
    assert box.event("SYSCALL_READ_E", ts=100, fd=3).latency == 0
    box.event("SYSCALL_READ_E", ts=105, tid=100, fd=3)
    box.event("SCHEDSWITCH_6_E", ts=107)
    assert box.event("SYSCALL_READ_X", ts=110).latency == 10


@pytest.mark.parametrize(
    ("symbol", "values", "error"),
    [
        ("SYSCALL_MKDIR_2_X", {"res": -17}, 17),
        ("SYSCALL_MKDIR_2_X", {"res": 0}, 0),
        ("SYSCALL_OPEN_X", {"fd": -13}, 13),
        ("SYSCALL_OPEN_X", {"fd": 13}, 0),
        ("SYSCALL_GETUID_X", {"uid": 5}, 0),
        ("SYSCALL_MKDIR_E", {}, 0),
        ("GENERIC_X", {}, 0),
    ],
)
def test_error(box, symbol, values, error):
    assert box.event(symbol, **values).error == error


def test_the_fd_of_an_enter_and_its_exit(box):
    fd = box.state.threads[7].fds[3] = FdInfo(FdType.FILE_V2, "/x")
    enter = box.event("SYSCALL_READ_E", fd=3)
    assert (enter.fd, enter.fd_num) == (fd, 3)
    leave = box.event("SYSCALL_READ_X", res=1)
    assert (leave.fd, leave.fd_num) == (fd, 3)


def test_an_unknown_fd_has_a_number_only(box):
    event = box.call("SYSCALL_READ", {"fd": 99}, res=1)
    assert (event.fd, event.fd_num) == (None, 99)


def test_enters_of_other_calls_have_no_fd(box):
    box.event("SYSCALL_READ_E", fd=3)
    assert box.event("SYSCALL_OPEN_E").fd_num == -1


def test_an_exit_before_any_enter_shows_fd_0(box):
    assert box.event("SYSCALL_READ_X", res=1).fd_num == 0


def test_an_exit_of_another_call_works_on_no_fd(box):
    box.state.threads[7].fds[3] = FdInfo(FdType.FILE_V2, "/x")
    box.event("SYSCALL_READ_E", fd=3)
    event = box.event("SYSCALL_WRITE_X", res=1)
    assert (event.fd, event.fd_num) == (None, 3)


def test_threads_do_not_disturb_each_other_s_calls(box):
    box.state.threads[7].fds[3] = FdInfo(FdType.FILE_V2, "/x")
    box.event("SYSCALL_READ_E", fd=3)
    box.event("SYSCALL_WRITE_E", tid=100, fd=5)
    assert box.event("SYSCALL_READ_X", res=1).fd.name == "/x"


@pytest.mark.parametrize(
    ("symbol", "values"),
    [
        ("SYSCALL_READ_X", {"res": 1, "fd": 3}),
        ("SYSCALL_WRITEV_X", {"res": 1, "fd": 3}),
        ("SOCKET_LISTEN_X", {"res": 0, "fd": 3}),
        ("SYSCALL_SENDFILE_X", {"res": 1, "out_fd": 3, "in_fd": 4}),
        ("SYSCALL_FCHMOD_X", {"res": 0, "fd": 3}),
        ("SYSCALL_NEWFSTATAT_X", {"res": 0, "dirfd": 3}),
        ("SOCKET_SETSOCKOPT_X", {"res": 0, "fd": 3}),
    ],
)
def test_an_exit_without_enter_that_carries_its_fd_works_on_it(box, symbol, values):
    box.state.threads[7].fds[3] = FdInfo(FdType.FILE_V2, "/x")
    event = box.event(symbol, **values)
    assert (event.fd, event.fd_num) == (box.state.threads[7].fds[3], 3)


def test_the_enter_s_fd_counts_before_the_exit_s(box):
    for number in (3, 4):
        box.state.threads[7].fds[number] = FdInfo(FdType.FILE_V2, f"/{number}")
    assert box.call("SYSCALL_READ", {"fd": 3}, res=1, fd=4).fd.name == "/3"


def test_calls_that_never_tell_on_enter_take_their_exit_s_fd(box):
    box.state.threads[7].fds[3] = FdInfo(FdType.FILE_V2, "/x")
    assert box.call("SYSCALL_FCHMOD", res=0, fd=3).fd.name == "/x"


def test_switches_leave_the_call_alone(box):
    box.state.threads[7].fds[3] = FdInfo(FdType.FILE_V2, "/x")
    box.event("SYSCALL_READ_E", fd=3)
    box.event("SCHEDSWITCH_6_E", next=100)
    assert box.event("SYSCALL_READ_X", res=1).fd.name == "/x"


# -- ignored events ----------------------------------------------------------------------------------------------


@pytest.fixture
def plain() -> Builder:
    """Without -A."""
    return Builder(machine(all_events=False), tid=7)


def tables(state: State) -> object:
    slots = [slot for slot in ThreadInfo.__slots__ if slot not in ("main", "others", "fds")]
    return {
        tid: ([getattr(t, slot) for slot in slots], sorted(t.others), {n: fd.name for n, fd in t.fds.items()})
        for tid, t in state.threads.items()
    }


@pytest.mark.parametrize(
    ("symbol", "values"),
    [
        ("SYSCALL_CLOSE_E", {"fd": 3}),
        ("SYSCALL_CLOSE_X", {"res": 0}),
        ("SYSCALL_READ_E", {"fd": 3}),
        ("SYSCALL_WRITE_X", {"res": 1}),
        ("SYSCALL_FCNTL_E", {"fd": 3, "cmd": "F_DUPFD"}),
        ("SYSCALL_GETCWD_X", {"res": 0, "path": "/x"}),
        ("SYSCALL_MMAP_X", {"vm_size": 5}),
        ("SYSCALL_EVENTFD_X", {"res": 9}),
        ("SCHEDSWITCH_6_E", {"pgft_maj": 9}),
        ("SYSCALL_READ_E", {"fd": 3, "tid": 4242}),
    ],
)
def test_ignored_events_change_nothing_and_stay_hidden(plain, symbol, values):
    plain.call("SYSCALL_OPEN", fd=3, name="/x")
    before = tables(plain.state)
    event = plain.event(symbol, **values)
    assert event.hidden
    assert tables(plain.state) == before
    assert not plain.state.unsettled


def test_ignored_generic_calls(plain):
    before = tables(plain.state)
    assert plain.event("GENERIC_E", ID=codes_named("brk")[0]).hidden
    assert tables(plain.state) == before
    event = plain.event("GENERIC_E", ID=codes_named("madvise")[0])
    shown = plain.event("GENERIC_E", ID=codes_named("ptrace")[0])
    assert (event.hidden, shown.hidden) == (True, False)


def test_a_closed_fd_stays_until_its_number_is_used_again(plain):
    plain.call("SYSCALL_OPEN", fd=3, name="/old")
    plain.call("SYSCALL_CLOSE", {"fd": 3}, res=0)
    assert plain.state.threads[7].fds[3].name == "/old"
    plain.call("SYSCALL_OPEN", fd=3, name="/new")
    assert plain.state.threads[7].fds[3].name == "/new"


def test_an_ignored_event_knows_whose_it_is(plain):
    assert plain.event("SYSCALL_READ_E", fd=3).thread is plain.state.threads[7]


def test_with_all_events_they_are_shown(box):
    assert not box.event("GENERIC_E", ID=codes_named("madvise")[0]).hidden
    assert not box.event("SYSCALL_READ_E", fd=3).hidden


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


def test_the_table_of_containers_is_bounded(box, monkeypatch):
    monkeypatch.setattr(module, "MAX_CONTAINERS", 3)
    box.state.threads[7].container_id = "0"
    for number in range(4):
        box.state.add_container(Container(str(number), 0))
    # There was no room for the last one until those that no thread is in had gone.
    assert set(box.state.containers) == {"0", "3"}
    for tid, container in ((1, "4"), (100, "3")):
        box.state.threads[tid].container_id = container
        box.state.add_container(Container(container, 0))
    box.state.add_container(Container("5", 0))
    assert set(box.state.containers) == {"0", "3", "4"}
    box.state.add_container(Container("4", 0, name="new"))
    assert box.state.containers["4"].name == "new"
    assert box.state.refused["containers"] == 1


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


def test_removal_of_a_thread_that_was_replaced_meanwhile(box):
    box.event("PROCEXIT_1_E")
    new = process(7)
    box.state.add_thread(new)
    box.state.settle()
    assert box.state.threads[7] is new


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
