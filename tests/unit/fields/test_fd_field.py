from __future__ import annotations

from falco.events.table import CODES, EVENT_TABLE
from falco.fields.fd_field import even_without_fd, fd_of, only_fd_events
from falco.fields.field import VARIES


def test_an_exit_without_its_enter_works_on_the_fd_used_last(event_of, process):
    event = event_of("SYSCALL_READ_X", 5, b"hello", fd=3)
    event.fd = None
    assert fd_of(event) is process.fds[3]


def test_calls_that_work_on_no_fd_have_none(event_of):
    assert fd_of(event_of("SYSCALL_CHDIR_X", 0, "/tmp", fd=3)) is None


def test_where_fields_of_an_fd_may_have_a_value():
    symbols = ("SYSCALL_CHDIR_X", "SYSCALL_OPEN_E", "SYSCALL_OPEN_X", "SYSCALL_CLOSE_E")
    found = {s: [c(EVENT_TABLE[CODES[s]]) is VARIES for c in (only_fd_events, even_without_fd)] for s in symbols}
    assert found == {
        "SYSCALL_CHDIR_X": [False, False],
        "SYSCALL_OPEN_E": [False, True],
        "SYSCALL_OPEN_X": [True, True],
        "SYSCALL_CLOSE_E": [True, True],
    }
