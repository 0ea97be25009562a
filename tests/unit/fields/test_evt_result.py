from __future__ import annotations

from typing import Any

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import evt_result
from falco.fields.field import VARIES

FIELDS: dict[str, Any] = {field.name: field for field in evt_result.FIELDS}


@pytest.mark.parametrize(
    ("symbol", "values", "shown", "number", "failed"),
    [
        ("SYSCALL_OPEN_X", (3, "x", 1, 0), "SUCCESS", 3, False),
        ("SYSCALL_OPEN_X", (-2, "x", 1, 0), "ENOENT", -2, True),
        ("SYSCALL_OPEN_X", (-9_999, "x", 1, 0), "-9999", -9_999, True),
        ("SYSCALL_READ_X", (0, b""), "SUCCESS", 0, False),
        ("SYSCALL_READ_X", (-11, b""), "EAGAIN", -11, True),
        ("SYSCALL_READ_X", (None, b""), None, None, False),
        ("SYSCALL_READ_E", (-5, 10), None, None, False),
        ("SYSCALL_OPENAT_E", (-100, "x", 1, 0), None, None, False),
        ("SYSCALL_CLONE_20_X", (-11,), "EAGAIN", -11, True),
    ],
)
def test_results(event_of, symbol, values, shown, number, failed):
    event = event_of(symbol, *values)
    found = [FIELDS[name].extract(event) for name in ("evt.res", "evt.rawres", "evt.failed")]
    assert found == [shown, number, failed]


@pytest.mark.parametrize(
    ("symbol", "values", "fd", "length"),
    [
        ("SYSCALL_READ_X", (5, b"hello"), 3, 5),
        ("SYSCALL_READ_X", (5, b"hello"), 99, None),
        ("SYSCALL_READ_X", (-11, b""), 3, None),
        ("SYSCALL_READ_X", (None, b""), 3, None),
        ("SYSCALL_READ_E", (3, 5), 3, None),
        ("SYSCALL_FSTAT_X", (0,), 3, None),
    ],
)
def test_how_much_was_moved(event_of, symbol, values, fd, length):
    assert FIELDS["evt.buflen"].extract(event_of(symbol, *values, fd=fd)) == length


@pytest.mark.parametrize(
    ("name", "symbol", "value"),
    [
        ("evt.res", "SYSCALL_READ_E", None),
        ("evt.res", "SYSCALL_OPEN_X", VARIES),
        ("evt.failed", "SYSCALL_READ_E", False),
        ("evt.failed", "SYSCALL_READ_X", VARIES),
        ("evt.buflen", "SYSCALL_OPEN_X", None),
        ("evt.buflen", "SYSCALL_WRITE_X", VARIES),
    ],
)
def test_what_is_known_at_load(name, symbol, value):
    assert FIELDS[name].fixed(EVENT_TABLE[CODES[symbol]]) == value
