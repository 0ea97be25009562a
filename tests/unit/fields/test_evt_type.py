from __future__ import annotations

from typing import Any

import pytest

from falco.events.syscalls import codes_named
from falco.events.table import CODES, EVENT_TABLE
from falco.fields import evt_type
from falco.fields.field import VARIES

FIELDS: dict[str, Any] = {field.name: field for field in evt_type.FIELDS}


def event_type(symbol):
    return EVENT_TABLE[CODES[symbol]]


def test_context_switches_are_no_system_calls(event_of):
    event = event_of("SCHEDSWITCH_6_E", 5)
    assert FIELDS["syscall.type"].extract(event) is None
    assert FIELDS["syscall.type"].fixed(event.type) is None
    assert FIELDS["evt.type"].extract(event) == "switch"


@pytest.mark.parametrize("name", ["open", "getpid", "switch", "container"])
def test_known_event_types_may_be_compared(name):
    assert FIELDS["evt.type"].parse(name) == (name,)


def test_an_unknown_event_type_is_a_mistake():
    with pytest.raises(ValueError, match="unknown event type opne"):
        FIELDS["evt.type"].parse("opne")
    with pytest.raises(ValueError, match="unknown event type opne"):
        FIELDS["evt.type.is"].bind("opne")


def test_type_is_means_every_version_of_an_event(event_of):
    is_open, is_execve, is_3 = (FIELDS["evt.type.is"].bind(a) for a in ("open", "execve", "3"))
    opened, ran = event_of("SYSCALL_OPEN_X", 3, "x", 1, 0), event_of("SYSCALL_EXECVE_19_X", 0)
    assert [is_open(opened), is_open(ran), is_execve(ran), is_3(opened), is_3(ran)] == [1, 0, 1, 1, 0]


def test_type_is_sees_system_calls_in_generic_events(event_of):
    is_getpid = FIELDS["evt.type.is"].bind("getpid")
    assert is_getpid(event_of("GENERIC_E", codes_named("getpid")[0], 39)) == 1
    assert is_getpid(event_of("GENERIC_E", codes_named("getppid")[0], 110)) == 0
    assert FIELDS["evt.type.is"].fixed(event_type("GENERIC_E"), "getpid") is VARIES
    assert FIELDS["evt.type.is"].fixed(event_type("SYSCALL_OPEN_E"), "getpid") == 0
    assert FIELDS["evt.type.is"].fixed(event_type("SYSCALL_OPEN_E"), "open") == 1
