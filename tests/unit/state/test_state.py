import pytest

from falco.events.event import Event
from falco.events.syscalls import codes_named
from falco.state.state import State
from falco.state.threads import ThreadInfo
from tests.events import Builder, process
from tests.unit.state.conftest import machine


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


def test_removal_of_a_thread_that_was_replaced_meanwhile(box):
    box.event("PROCEXIT_1_E")
    new = process(7)
    box.state.add_thread(new)
    box.state.settle()
    assert box.state.threads[7] is new


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


def test_ignored_events_are_hidden_unless_heeded() -> None:
    (call,) = codes_named("munlock")
    built = Builder()
    built.add("SYSCALL_CLOSE_E", tid=7, fd=3)
    built.add("SYSCALL_CLOSE_X", tid=7, res=0)
    built.add("GENERIC_X", tid=7, ID=call)
    close = built.built[1].type.code
    for codes, calls, hidden in (
        (frozenset(), frozenset(), [True] * 3),
        (frozenset({close}), frozenset(), [False, False, True]),
        (frozenset(), frozenset({call}), [True, True, False]),
    ):
        state = State()
        state.heed(codes, calls)
        event, found = Event(state), []
        for number, one in enumerate(built.built):
            state.apply(one.frame(event, number))
            found.append(event.hidden)
        assert found == hidden
