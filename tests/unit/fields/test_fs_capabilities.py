from __future__ import annotations

import struct

import pytest

from falco.events.syscalls import codes_named
from falco.events.table import CODES, EVENT_TABLE
from falco.fields import fs_capabilities
from falco.fields.field import VARIES
from tests.facts import attribute_fact, marks_fact
from tests.unit.fields.reading import one, read

FIELD = one(fs_capabilities.FIELDS, "fs.capabilities")
NAME = "security.capability"
FIRST, SECOND, THIRD = (number << 24 | 1 for number in (1, 2, 3))


def words(*numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


@pytest.mark.parametrize(
    ("name", "value", "names"),
    [
        (NAME, words(SECOND, 1 << 7, 0, 0, 0), "CAP_SETUID"),
        (NAME, words(SECOND, 1 << 7 | 1 << 21, 0, 1 << (39 - 32), 0), "CAP_SETUID,CAP_SYS_ADMIN,CAP_BPF"),
        (NAME, words(THIRD, 1, 0, 0, 0, 1000), "CAP_CHOWN"),
        (NAME, words(FIRST, 1 << 7, 0), "CAP_SETUID"),
        (NAME, words(FIRST, 0, 0, 1, 0), ""),
        (NAME, words(SECOND, 0, 1 << 7, 0, 1), ""),
        (NAME, words(SECOND, 1 << 7, 0), "CAP_SETUID"),
        (NAME, words(SECOND, 1 << 7), ""),
        (NAME, b"", ""),
        ("user.note", words(SECOND, 1 << 7, 0, 0, 0), None),
    ],
)
def test_what_the_attribute_permits(box, name, value, names):
    (call,) = codes_named("fsetxattr")
    event = box.event("GENERIC_X", ID=call, nativeID=190, count=2, extra=[attribute_fact(name, value)])
    assert read(fs_capabilities.FIELDS, "fs.capabilities", event) == names


def test_calls_that_failed_and_other_calls_tell_nothing(box):
    for event in (
        box.event("GENERIC_X", ID=1, nativeID=190, count=2, extra=[b"", marks_fact(1)]),
        box.event("SYSCALL_CLOSE_X", count=2),
    ):
        assert read(fs_capabilities.FIELDS, "fs.capabilities", event) is None
    assert FIELD.fixed(EVENT_TABLE[CODES["SYSCALL_CLOSE_X"]]) is None
    assert FIELD.fixed(EVENT_TABLE[CODES["GENERIC_X"]]) is VARIES
