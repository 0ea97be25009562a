from __future__ import annotations

from typing import Any

import pytest

from falco.events.syscalls import codes_named
from falco.events.table import CODES, EVENT_TABLE
from falco.fields import evt, fdlist, span, syslog
from falco.fields.field import VARIES, Argument
from falco.state.fds import FdInfo, FdType

FIELDS: dict[str, Any] = {field.name: field for field in evt.FIELDS}
ALL: list[Any] = [field for module in (evt, syslog, fdlist, span) for field in module.FIELDS]


def event_type(symbol):
    return EVENT_TABLE[CODES[symbol]]


def test_names_are_unique_and_documented_in_one_sentence():
    assert len({field.name for field in ALL}) == len(ALL)
    assert [f.name for f in ALL if not f.doc.endswith((".", ")")) or "\n" in f.doc] == []


def test_every_field_can_be_read():
    for field in ALL:
        if field.argument is Argument.NONE:
            assert (field.extract is None) != (field.bind is None), field.name
        else:
            assert field.bind is not None, field.name


@pytest.mark.parametrize(
    ("symbol", "values", "name", "direction", "category"),
    [
        ("SYSCALL_OPEN_E", (), "open", ">", "file"),
        ("SYSCALL_EXECVE_19_X", (0,), "execve", "<", "process"),
        ("SYSCALL_PIPE_X", (0,), "pipe", "<", "IPC"),
        ("SYSCALL_NANOSLEEP_E", (1,), "nanosleep", ">", "sleep"),
        ("GENERIC_E", codes_named("getpid"), "getpid", ">", "process"),
        ("GENERIC_X", (9_999,), "<unknown>", "<", None),
    ],
)
def test_what_kind_of_event_it_is(event_of, symbol, values, name, direction, category):
    if symbol == "GENERIC_E":
        values = (codes_named("getpid")[0], 39)
    event = event_of(symbol, *values)
    assert FIELDS["evt.type"].extract(event) == FIELDS["syscall.type"].extract(event) == name
    assert FIELDS["evt.dir"].extract(event) == direction
    assert category is None or FIELDS["evt.category"].extract(event) == category
    assert [FIELDS[field].extract(event) for field in ("evt.num", "evt.cpu", "evt.source")] == [7, 1, "syscall"]


def test_a_generic_event_has_the_category_of_its_system_call(event_of):
    assert FIELDS["evt.category"].extract(event_of("GENERIC_E", codes_named("getpid")[0], 39)) == "process"
    assert FIELDS["evt.category"].extract(event_of("GENERIC_E", codes_named("rt_sigaction")[0], 13)) == "signal"


@pytest.mark.parametrize(("fd", "category"), [(3, "file"), (4, "file"), (5, "net"), (7, "ipc"), (99, "unknown")])
def test_io_has_the_category_of_its_fd(event_of, fd, category):
    assert FIELDS["evt.category"].extract(event_of("SYSCALL_READ_E", fd, 10, fd=fd)) == category


def test_io_on_an_odd_fd_has_no_known_category(event_of, process):
    process.fds[9] = FdInfo(FdType.TIMERFD)
    assert FIELDS["evt.category"].extract(event_of("SYSCALL_READ_E", 9, 10, fd=9)) == "unknown"


@pytest.mark.parametrize(
    ("name", "symbol", "value"),
    [
        ("evt.dir", "SYSCALL_OPEN_X", "<"),
        ("evt.type", "SYSCALL_OPEN_X", "open"),
        ("evt.type", "GENERIC_X", VARIES),
        ("evt.category", "SYSCALL_OPEN_X", "file"),
        ("evt.category", "SYSCALL_READ_X", VARIES),
        ("evt.category", "GENERIC_X", VARIES),
        ("evt.is_async", "SYSCALL_OPEN_X", False),
        ("evt.asynctype", "SYSCALL_OPEN_X", None),
        ("evt.asynctype", "ASYNCEVENT_E", VARIES),
        ("evt.pluginname", "SYSCALL_OPEN_X", None),
    ],
)
def test_what_is_known_at_load(name, symbol, value):
    assert FIELDS[name].fixed(event_type(symbol)) == value


def test_around_is_the_distance_to_a_moment(event_of):
    field = FIELDS["evt.around"]
    distance = field.bind("1500000001000000000")(event_of("SYSCALL_READ_E", 3, 1, ts=1_500_000_000_500_000_000))
    assert distance == 500_000_000
    assert field.equality == "<="
    assert field.parse("500") == (500_000_000,)
    assert field.parse("499") == (499_000_000,)


@pytest.mark.parametrize("argument", [None, "", "noon", "-5"])
def test_around_needs_a_moment(argument):
    with pytest.raises(ValueError, match="time in nanoseconds"):
        FIELDS["evt.around"].bind(argument)


def test_around_needs_a_number_of_milliseconds():
    with pytest.raises(ValueError, match="milliseconds"):
        FIELDS["evt.around"].parse("1s")


def test_the_host_name_is_the_captures_unless_overridden(event_of, monkeypatch):
    event = event_of("SYSCALL_READ_E", 3, 1)
    monkeypatch.delenv("FALCO_HOSTNAME", raising=False)
    assert FIELDS["evt.hostname"].extract(event) is None
    monkeypatch.setenv("FALCO_HOSTNAME", "node-7")
    assert FIELDS["evt.hostname"].extract(event) == "node-7"


def test_constants_hold_on_every_event(event_of, process):
    # An all-zero event of every code: whatever a field promises for the code must be what it then extracts.
    for kind in EVENT_TABLE:
        if any(param.type.name in ("DYN", "FDLIST") for param in kind.params):
            continue
        event = event_of(kind.symbol, *(b"" for _ in kind.params), fd=3)
        for field in ALL:
            promised = field.fixed(kind) if field.argument is not Argument.REQUIRED else VARIES
            if promised is not VARIES:
                read = field.extract or field.bind(None)
                assert read(event) == promised, (field.name, kind.symbol)
