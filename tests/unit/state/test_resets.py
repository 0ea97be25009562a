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


@pytest.mark.parametrize(("enter_ts", "latency"), [(0, 0), (4, 6)])
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
