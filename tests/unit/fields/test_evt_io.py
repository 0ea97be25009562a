from __future__ import annotations

from typing import Any

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import evt_io
from falco.fields.field import VARIES

FIELDS: dict[str, Any] = {field.name: field for field in evt_io.FIELDS}
ERRORS = ("", ".file", ".net", ".memory", ".other")


@pytest.mark.parametrize(
    ("symbol", "io", "read", "write", "direction", "waits"),
    [
        ("SYSCALL_READ_X", True, True, False, "read", False),
        ("SYSCALL_WRITE_E", True, False, True, "write", False),
        ("SYSCALL_OPEN_X", False, False, False, None, False),
        ("SYSCALL_POLL_X", False, False, False, None, True),
    ],
)
def test_io_and_waiting_are_known_at_load(event_of, symbol, io, read, write, direction, waits):
    event = event_of(symbol)
    names = ("evt.is_io", "evt.is_io_read", "evt.is_io_write", "evt.io_dir", "evt.is_wait")
    assert [FIELDS[name].extract(event) for name in names] == [io, read, write, direction, waits]
    assert [FIELDS[name].fixed(event.type) for name in names] == [io, read, write, direction, waits]


def test_writes_to_the_system_log(event_of):
    field = FIELDS["evt.is_syslog"]
    assert field.extract(event_of("SYSCALL_WRITE_X", 5, b"<13>x", fd=7)) is True
    assert field.extract(event_of("SYSCALL_WRITE_X", 5, b"<13>x", fd=3)) is False
    assert field.extract(event_of("SYSCALL_WRITE_X", 5, b"<13>x", fd=99)) is False
    assert field.extract(event_of("SYSCALL_READ_X", 5, b"<13>x", fd=7)) is False
    assert field.fixed(EVENT_TABLE[CODES["SYSCALL_READ_X"]]) is False


@pytest.mark.parametrize(
    ("symbol", "values", "fd", "counted"),
    [
        ("SYSCALL_OPEN_X", (-2, "x", 1, 0), None, {"", ".file"}),
        ("SYSCALL_READ_X", (-11, b""), 3, {"", ".file"}),
        ("SYSCALL_READ_X", (-11, b""), 5, {"", ".net"}),
        ("SYSCALL_READ_X", (-11, b""), 7, {"", ".net"}),
        ("SOCKET_CONNECT_X", (-111, b""), None, {"", ".net"}),
        ("SYSCALL_MUNMAP_X", (-22,), None, {"", ".memory"}),
        ("SYSCALL_KILL_X", (-1,), None, {"", ".other"}),
        ("SYSCALL_KILL_X", (0,), None, set()),
        ("SYSCALL_READ_E", (3, 1), 3, set()),
    ],
)
def test_errors_are_counted_by_kind(event_of, symbol, values, fd, counted):
    event = event_of(symbol, *values, fd=fd)
    assert {kind for kind in ERRORS if FIELDS[f"evt.count.error{kind}"].extract(event) == 1} == counted


def test_counts(event_of):
    enter, leave = event_of("SYSCALL_READ_E", 3, 1), event_of("SYSCALL_READ_X", 1, b"x")
    assert [FIELDS["evt.count"].extract(e) for e in (enter, leave)] == [1, 1]
    assert [FIELDS["evt.count.exit"].extract(e) for e in (enter, leave)] == [None, 1]
    assert FIELDS["evt.count.error"].fixed(enter.type) is None
    assert FIELDS["evt.count.error"].fixed(leave.type) is VARIES
