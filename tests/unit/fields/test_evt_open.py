from __future__ import annotations

from typing import Any

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import evt_open
from falco.fields.field import VARIES

FIELDS: dict[str, Any] = {field.name: field for field in (*evt_open.FIELDS, *evt_open.LATER)}


@pytest.mark.parametrize(
    ("symbol", "values", "read", "write"),
    [
        ("SYSCALL_OPEN_X", (3, "x", "O_RDONLY", 0), True, False),
        ("SYSCALL_OPEN_X", (-13, "x", "O_WRONLY", 0), False, True),
        ("SYSCALL_OPENAT_2_X", (3, -100, "x", "O_RDWR", 0), True, True),
        ("SYSCALL_OPENAT_E", (-100, "x", "O_WRONLY|O_CREAT", 0), False, True),
        ("SYSCALL_OPENAT2_X", (3, -100, "x", "O_RDWR", 0, 0), True, True),
        ("SYSCALL_OPEN_BY_HANDLE_AT_X", (3, 4, "O_RDONLY", "/x"), True, False),
        ("SYSCALL_CREAT_X", (3, "x", 0o644), False, False),
        ("SYSCALL_OPEN_X", (3, "x"), False, False),
        ("SYSCALL_READ_X", (1, b"x"), False, False),
    ],
)
def test_what_a_file_is_opened_for(event_of, symbol, values, read, write):
    event = event_of(symbol, *values)
    assert FIELDS["evt.is_open_read"].extract(event) is read
    assert FIELDS["evt.is_open_write"].extract(event) is write


@pytest.mark.parametrize(
    ("symbol", "values", "create", "execute"),
    [
        ("SYSCALL_OPEN_X", (3, "x", "O_CREAT|O_F_CREATED", 0o755), True, True),
        ("SYSCALL_OPEN_X", (3, "x", "O_CREAT", 0o644), False, False),
        ("SYSCALL_OPEN_X", (3, "x", "O_RDONLY", 0o755), False, False),
        ("SYSCALL_OPENAT2_X", (3, -100, "x", "O_TMPFILE", 0o100), False, True),
        ("SYSCALL_CREAT_X", (3, "x", 0o711), False, True),
        ("SYSCALL_READ_X", (1, b"x"), False, False),
    ],
)
def test_files_that_are_made(event_of, symbol, values, create, execute):
    event = event_of(symbol, *values)
    assert FIELDS["evt.is_open_create"].extract(event) is create
    assert FIELDS["evt.is_open_exec"].extract(event) is execute


@pytest.mark.parametrize(
    ("symbol", "values", "source", "destination"),
    [
        ("SYSCALL_RENAMEAT_X", (0, 4, "a", -100, "../b"), "/var/dir/a", "/home/b"),
        ("SYSCALL_LINKAT_2_X", (0, 4, "/a/./b", 77, "c"), "/a/b", "<UNKNOWN>/c"),
        ("SYSCALL_OPENAT_2_X", (3, -100, "x", 1, 0), "/home/joe/x", "/home/joe/x"),
        ("SYSCALL_UNLINKAT_2_X", (0, None, "x", 0), "/home/joe/x", "/home/joe/x"),
        ("SYSCALL_MKDIRAT_X", (0, 4, "", 0), "/var/dir", "/var/dir"),
        ("SYSCALL_SYMLINKAT_X", (0, "target", 4, "l"), "/var/dir/l", "/var/dir/l"),
        ("SYSCALL_OPEN_X", (3, "x", 1, 0), None, None),
    ],
)
def test_absolute_paths_of_at_calls(event_of, symbol, values, source, destination):
    event = event_of(symbol, *values)
    bind = FIELDS["evt.abspath"].bind
    assert [bind(end)(event) for end in (None, "src", "dst")] == [source, source, destination]


def test_an_unknown_thread_has_no_absolute_paths(event_of):
    event = event_of("SYSCALL_UNLINKAT_2_X", 0, 4, "x", 0)
    event.thread = None
    assert FIELDS["evt.abspath"].bind("src")(event) is None


def test_abspath_has_two_forms_only():
    with pytest.raises(ValueError, match=r"evt\.abspath\.src and evt\.abspath\.dst, not middle"):
        FIELDS["evt.abspath"].bind("middle")


@pytest.mark.parametrize(
    ("name", "symbol", "value"),
    [
        ("evt.is_open_read", "SYSCALL_OPEN_X", VARIES),
        ("evt.is_open_read", "SYSCALL_OPEN_E", False),
        ("evt.is_open_write", "SYSCALL_OPENAT2_X", VARIES),
        ("evt.is_open_write", "SYSCALL_CREAT_X", False),
        ("evt.is_open_create", "SYSCALL_OPENAT2_X", VARIES),
        ("evt.abspath", "SYSCALL_MKDIRAT_X", VARIES),
        ("evt.abspath", "SYSCALL_OPEN_X", None),
    ],
)
def test_what_is_known_at_load(name, symbol, value):
    assert FIELDS[name].fixed(EVENT_TABLE[CODES[symbol]]) == value
