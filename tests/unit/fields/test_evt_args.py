from __future__ import annotations

from typing import Any

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.events.types import ParamType
from falco.fields import evt_args
from falco.fields.field import VARIES

FIELDS: dict[str, Any] = {field.name: field for field in evt_args.FIELDS}
ARG, RAWARG = FIELDS["evt.arg"], FIELDS["evt.rawarg"]


def event_type(symbol):
    return EVENT_TABLE[CODES[symbol]]


def test_all_arguments_in_one_line(event_of):
    event = event_of("SYSCALL_OPEN_X", -2, "rel", 0x41, 0o644)
    assert evt_args.args(event) == ("fd=-2(ENOENT) name=rel(/home/joe/rel) flags=65(O_NONBLOCK|O_RDONLY) mode=0644 ")


def test_an_empty_argument_is_null_in_the_line(event_of):
    assert evt_args.args(event_of("SYSCALL_OPEN_X", 3, None, 1)) == "fd=3(<f>/etc/passwd) name=NULL flags=1(O_RDONLY) "
    assert evt_args.args(event_of("SYSCALL_READ_X", 0, b"")) == "res=0 data= "
    assert evt_args.args(event_of("SOCKET_CONNECT_X", 0, b"")) == "res=0 tuple=NULL "


def test_generic_events_show_no_arguments(event_of):
    assert evt_args.args(event_of("GENERIC_E", 3, 0)) == ""
    assert FIELDS["evt.args"].fixed(event_type("GENERIC_E")) == ""
    assert FIELDS["evt.args"].fixed(event_type("SYSCALL_OPENAT_2_E")) in ("", VARIES)


def test_a_message_to_the_system_log_is_shown_decoded(event_of):
    data = b"<30>hello"
    assert evt_args.info(event_of("SYSCALL_WRITE_X", 9, data, fd=7)) == "syslog sev=info msg=hello"
    assert evt_args.info(event_of("SYSCALL_WRITE_X", 9, data, fd=3)) == "res=9 data=<30>hello "


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("fd", "ENOENT"),
        ("name", "/home/joe/rel"),
        ("flags", "O_NONBLOCK|O_RDONLY"),
        ("mode", "0644"),
        ("0", "ENOENT"),
        ("3", "0644"),
        ("4", None),
        ("99", None),
        ("res", None),
        ("flagship", "O_NONBLOCK|O_RDONLY"),
    ],
)
def test_one_argument_prefers_what_it_stands_for(event_of, argument, value):
    assert ARG.bind(argument)(event_of("SYSCALL_OPEN_X", -2, "rel", 0x41, 0o644)) == value


def test_an_empty_argument_is_no_value_except_for_buffers_and_addresses(event_of):
    assert ARG.bind("name")(event_of("SYSCALL_OPEN_X", 3, None, 1)) is None
    assert ARG.bind("data")(event_of("SYSCALL_READ_X", 0, b"")) == ""
    assert ARG.bind("tuple")(event_of("SOCKET_CONNECT_X", 0, b"")) == "NULL"
    assert ARG.bind("tuple")(event_of("SOCKET_CONNECT_X", 0)) is None


@pytest.mark.parametrize("argument", ["nosuch", "", None])
def test_an_unknown_argument_is_a_mistake(argument):
    with pytest.raises(ValueError, match="unknown event argument"):
        ARG.bind(argument)
    with pytest.raises(ValueError, match="unknown event argument"):
        RAWARG.bind(argument)


def test_whether_an_event_has_an_argument_is_known_at_load():
    assert ARG.fixed(event_type("SYSCALL_OPEN_X"), "flags") is VARIES
    assert ARG.fixed(event_type("SYSCALL_OPEN_E"), "res") is None
    assert ARG.fixed(event_type("SYSCALL_OPEN_X"), "2") is VARIES
    assert ARG.fixed(event_type("SYSCALL_OPEN_X"), "20") is None
    assert RAWARG.fixed(event_type("SYSCALL_OPEN_X"), "flags") is VARIES
    assert RAWARG.fixed(event_type("SYSCALL_CLOSE_E"), "flags") is None
    assert FIELDS["evt.buffer"].fixed(event_type("SYSCALL_OPEN_X")) is None
    assert FIELDS["evt.buffer"].fixed(event_type("SYSCALL_PTRACE_X")) is None


@pytest.mark.parametrize(
    ("argument", "kind"), [("res", ParamType.ERRNO), ("fd", ParamType.FD), ("size", ParamType.UINT32)]
)
def test_a_raw_argument_has_the_type_of_its_first_event(argument, kind):
    assert evt_args.raw_type(argument) is kind


def test_a_raw_argument_has_its_own_value(event_of):
    event = event_of("SYSCALL_OPEN_X", -2, "rel", 0x41, 0o644)
    assert [RAWARG.bind(name)(event) for name in ("fd", "flags", "mode", "res")] == [-2, 0x41, 0o644, None]
    assert RAWARG.bind("name")(event) == "rel"


def test_a_raw_argument_of_another_kind_than_declared_is_no_value(event_of):
    # addr is a socket address in bind and a number in futex.
    address = b"\2\x7f\0\0\1\x50\0"
    found = [RAWARG.bind("addr")(e) for e in (event_of("SOCKET_BIND_X", 0, address), event_of("SYSCALL_FUTEX_E", 1))]
    assert None in found
    assert found != [None, None]


def test_a_raw_argument_whose_type_the_event_chooses(event_of):
    read = RAWARG.bind("val")
    values = [b"\1" + bytes(8), b"\3\5" + bytes(7), b"\x63"]
    assert [read(event_of("SOCKET_SETSOCKOPT_X", 0, 3, 1, 4, value, 8)) for value in values] == [0, 5, None]


def test_a_raw_argument_has_no_index():
    with pytest.raises(ValueError, match="not its index"):
        RAWARG.bind("0")


def test_the_data_of_io(event_of):
    assert evt_args.buffer(event_of("SYSCALL_READ_X", 2, b"a\0")) == b"a\0"
    assert evt_args.buffer(event_of("SYSCALL_READ_X", -11, b"")) == b""
    assert evt_args.buffer(event_of("SYSCALL_READ_X", -11)) is None
    assert evt_args.buffer(event_of("SYSCALL_OPEN_X", 3, "x", 1, 0)) is None
