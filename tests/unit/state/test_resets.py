import pytest

from falco.events.decode import EventError
from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE
from falco.state.fds import FdInfo, FdType
from falco.state.resets import RESETS
from falco.state.state import State
from falco.state.threads import ThreadInfo
from tests.events import build


def reset(thread, symbol, **values):
    """The event after its reset."""
    event = build(symbol, **values).frame(Event(State()), 1)
    found = RESETS[CODES[symbol]]
    assert found is not None
    found(event, thread)
    return event


@pytest.fixture
def thread():
    made = ThreadInfo(7, 7)
    made.fds[3] = FdInfo(FdType.FILE_V2, "/x")
    return made


def test_every_event_but_switches_resets_its_thread():
    assert {EVENT_TABLE[code].name for code, found in enumerate(RESETS) if found is None} == {"switch"}


def test_an_enter_is_noted(thread):
    thread.enter = (b"old",)
    event = reset(thread, "SYSCALL_OPEN_E", ts=5)
    assert (thread.last_code, thread.enter_ts, thread.enter, thread.last_fd) == (event.code, 5, None, -1)
    assert event.fd is None


@pytest.mark.parametrize(("fd", "number"), [(3, 3), (-100, -100), (1 << 62, 1 << 62), (None, -1), (b"\3\0\0\0", 3)])
def test_an_enter_with_fd(thread, fd, number):
    event = reset(thread, "SYSCALL_READ_E", fd=fd)
    assert thread.last_fd == number
    assert event.fd is (thread.fds[3] if number == 3 else None)


@pytest.mark.parametrize(("enter_ts", "latency"), [(0, 0), (4, 6), (13, (1 << 64) - 3)])
def test_latency(thread, enter_ts, latency):
    thread.enter_ts = enter_ts
    for symbol in ("SYSCALL_GETUID_X", "SYSCALL_MKDIR_X", "SYSCALL_READ_X"):
        assert reset(thread, symbol, ts=10).latency == latency


@pytest.mark.parametrize(
    ("res", "error"), [(-2, 2), (0, 0), (7, 0), (None, 0), (b"\xfe\xff\xff\xff", 2), (-(1 << 63), 1 << 63)]
)
@pytest.mark.parametrize("symbol", ["SYSCALL_MKDIR_X", "SYSCALL_READ_X"])
def test_results(thread, symbol, res, error):
    assert reset(thread, symbol, res=res).error == error


def test_an_exit_takes_its_enter_s_fd(thread):
    reset(thread, "SYSCALL_READ_E", fd=3)
    assert reset(thread, "SYSCALL_READ_X").fd is thread.fds[3]
    assert reset(thread, "SYSCALL_WRITE_X").fd is None


@pytest.mark.parametrize("symbol", ["SYSCALL_READ_X", "SYSCALL_DUP2_X", "SYSCALL_FCHMOD_X", "SYSCALL_SETNS_X"])
def test_an_exit_without_enter_takes_its_own(thread, symbol):
    name = "oldfd" if symbol == "SYSCALL_DUP2_X" else "fd"
    assert reset(thread, symbol, **{name: 3}).fd is thread.fds[3]
    assert thread.last_fd == 3


def test_lengths_that_do_not_fit_are_an_error(thread):
    event = build("SYSCALL_READ_E").frame(Event(State()), 1)
    event.end -= 20
    found = RESETS[event.code]
    assert found is not None
    with pytest.raises(EventError):
        found(event, thread)


# -- calls, through State.apply ----------------------------------------------------------------------------------


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


@pytest.mark.parametrize("symbol", ["SOCKET_ACCEPT4_5_X", "SYSCALL_OPENAT_2_X", "SOCKET_SOCKET_X", "SYSCALL_DUP_X"])
def test_a_call_that_failed_to_make_an_fd_shows_none_of_an_earlier_call(box, symbol):
    """On a live host only the exit comes: the thread may have worked on an fd just before."""
    box.event("SYSCALL_READ_E", fd=3)
    first = EVENT_TABLE[CODES[symbol]].params[0].name
    assert box.event(symbol, **{first: -11}).fd_num == -1


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
