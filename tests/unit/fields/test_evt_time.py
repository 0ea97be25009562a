from __future__ import annotations

import time
from typing import Any

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import evt_time
from falco.fields.field import VARIES

FIELDS: dict[str, Any] = {field.name: field for field in (*evt_time.FIELDS, *evt_time.LATER, evt_time.WAIT_LATENCY)}
NS = 1_562_711_470_509_983_997


@pytest.fixture(autouse=True)
def in_new_york(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    for cached in (evt_time._clock, evt_time._date_clock):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    time.tzset()
    for cached in (evt_time._clock, evt_time._date_clock):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("evt.time", "18:31:10.509983997"),
        ("evt.time.s", "18:31:10"),
        ("evt.time.iso8601", "2019-07-09T22:31:10.509983997+0000"),
        ("evt.datetime", "2019-07-09 18:31:10.509983997"),
        ("evt.datetime.s", "2019-07-09 18:31:10"),
        ("evt.rawtime", NS),
        ("evt.rawtime.s", 1_562_711_470),
        ("evt.rawtime.ns", 509_983_997),
        ("evt.reltime", NS - 1_500_000_000_000_000_000),
        ("evt.reltime.s", 62_711_470),
        ("evt.reltime.ns", 509_983_997),
        ("evt.outputtime", "18:31:10.509983997"),
    ],
)
def test_the_time_of_an_event(event_of, name, value):
    assert FIELDS[name].extract(event_of("SYSCALL_READ_E", 3, 1, ts=NS)) == value


def test_the_latency_of_a_call(event_of):
    event = event_of("SYSCALL_READ_X", 1, b"x")
    event.latency = 3_000_001_500
    values = [FIELDS[f"evt.latency{part}"].extract(event) for part in ("", ".s", ".ns", ".human")]
    assert values == [3_000_001_500, 3, 1_500, "3.00s"]


def test_times_that_run_backwards_are_very_long_as_in_libsinsp(event_of):
    event = event_of("SYSCALL_READ_X", 1, b"x", ts=1_500_000_000_000_000_000 - 1)
    event.latency = (1 << 64) - 3000
    assert FIELDS["evt.latency.human"].extract(event) == "2562047:47:16"
    values = [FIELDS[f"evt.reltime{part}"].extract(event) for part in ("", ".s", ".ns")]
    assert values == [(1 << 64) - 1, 18_446_744_073, 709_551_615]


def test_latency_is_known_at_load_where_a_call_begins_and_for_internal_events():
    types = [EVENT_TABLE[CODES[symbol]] for symbol in ("SYSCALL_READ_E", "SYSCALL_READ_X", "PROCINFO_E")]
    assert [FIELDS["evt.latency"].fixed(t) for t in types] == [0, VARIES, None]
    assert [FIELDS["evt.latency.human"].fixed(t) for t in types] == ["0ns", VARIES, None]


def test_only_returns_from_waiting_calls_have_a_wait_latency(event_of):
    field = FIELDS["evt.wait_latency"]
    waited, returned = event_of("SYSCALL_POLL_X", 0, b"\0\0", 5), event_of("SYSCALL_GETCWD_X", 0, "/")
    waited.latency = returned.latency = 12
    assert [field.extract(waited), field.extract(returned)] == [12, None]
    assert [field.fixed(waited.type), field.fixed(returned.type)] == [VARIES, None]


def test_each_instance_of_deltatime_has_its_own_memory(event_of):
    first, second = FIELDS["evt.deltatime"].bind(None), FIELDS["evt.deltatime"].bind(None)
    seconds, ns = FIELDS["evt.deltatime.s"].bind(None), FIELDS["evt.deltatime.ns"].bind(None)
    one, two = event_of("SYSCALL_READ_E", 3, 1, ts=NS), event_of("SYSCALL_READ_E", 3, 1, ts=NS + 2_000_000_005)
    assert [first(one), second(two), first(two)] == [0, 0, 2_000_000_005]
    assert [seconds(one), seconds(two), ns(one), ns(two)] == [0, 2, 0, 5]
