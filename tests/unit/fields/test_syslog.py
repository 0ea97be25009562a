from __future__ import annotations

from typing import Any

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import syslog
from falco.fields.field import VARIES
from falco.fields.syslog import Message

FIELDS: dict[str, Any] = {field.name: field for field in syslog.FIELDS}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<30>hello world", Message(3, 6, "hello world")),
        (b"<191>foo\0bar", Message(23, 7, "foo")),
        (b"<999>big", Message(124, 7, "big")),
        (b"<12>", Message(1, 4, "")),
        (b"<0>\xff", Message(0, 0, "\udcff")),
        (b"<12", None),
        (b"<>x", None),
        (b"<1a>x", None),
        (b"<-5>x", None),
        (b"12>x", None),
        (b"<12345678901234567890>x", None),
        (b"", None),
    ],
)
def test_messages(data, message):
    assert syslog.parse(data) == message


def test_fields_of_a_message(event_of):
    event = event_of("SOCKET_SENDTO_X", 9, b"<86>hello", fd=7)
    assert {name: field.extract(event) for name, field in FIELDS.items()} == {
        "syslog.facility.str": "authpriv",
        "syslog.facility": 10,
        "syslog.severity.str": "info",
        "syslog.severity": 6,
        "syslog.message": "hello",
    }


def test_a_facility_without_name(event_of):
    assert FIELDS["syslog.facility.str"].extract(event_of("SYSCALL_WRITE_X", 7, b"<999>x", fd=7)) == "<NA>"


@pytest.mark.parametrize(("values", "fd"), [((9, b"<86>hello"), 3), ((9, b"<86>hello"), None), ((5, b""), 7)])
def test_other_writes_have_no_message(event_of, values, fd):
    event = event_of("SYSCALL_WRITE_X", *values, fd=fd)
    assert [field.extract(event) for field in FIELDS.values()] == [None] * 5


def test_a_failed_write_is_no_message(event_of):
    event = event_of("SYSCALL_WRITE_X", -11, b"<86>hello", fd=7)
    event.error = 11
    assert FIELDS["syslog.message"].extract(event) is None


def test_only_writes_can_have_a_message():
    assert FIELDS["syslog.message"].fixed(EVENT_TABLE[CODES["SYSCALL_WRITE_X"]]) is VARIES
    assert FIELDS["syslog.message"].fixed(EVENT_TABLE[CODES["SYSCALL_READ_X"]]) is None
    assert FIELDS["syslog.message"].fixed(EVENT_TABLE[CODES["SYSCALL_WRITE_E"]]) is None
