from __future__ import annotations

import struct

import pytest

from falco.events.table import CODES
from falco.fields.params import renderer

MAPPED = bytes(10) + b"\xff\xff\1\2\3\4"
LOOPBACK6 = bytes(15) + b"\1"


def rendered(event, index):
    return renderer(event.code, index)(event, event.raw(index))


@pytest.mark.parametrize(("value", "shown"), [(-2, ("-2", "ENOENT")), (0, ("0", "")), (5, ("5", ""))])
def test_errors_have_names(event_of, value, shown):
    assert rendered(event_of("SYSCALL_READ_X", value, b"x"), 0) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\2\x7f\0\0\1\x50\0", "127.0.0.1:80"),
        (b"\x0a" + LOOPBACK6 + b"\x35\0", "::1:53"),
        (b"\1/run/x.sock\0", "/run/x.sock"),
        (b"\x10", "family 16"),
    ],
)
def test_socket_addresses(event_of, raw, shown):
    assert rendered(event_of("SOCKET_BIND_X", 0, raw), 1) == (shown, "")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\2\x7f\0\0\1\x50\0\x0a\0\0\1\x35\0", "127.0.0.1:80->10.0.0.1:53"),
        (b"\x0a" + MAPPED + b"\x35\0" + MAPPED + b"\x36\0", "1.2.3.4:53->1.2.3.4:54"),
        (b"\x0a" + MAPPED + b"\x35\0" + LOOPBACK6 + b"\x36\0", "::ffff:1.2.3.4:53->::1:54"),
        (b"\1" + struct.pack("<QQ", 0xABC, 0) + b"/run/x\0", "abc->0 /run/x"),
        (b"\x10", "family 16"),
    ],
)
def test_socket_tuples(event_of, raw, shown):
    assert rendered(event_of("SOCKET_CONNECT_X", 0, raw), 1) == (shown, "")


def test_durations_show_seconds(event_of):
    assert rendered(event_of("SYSCALL_NANOSLEEP_E", 250_000_000), 0) == ("250000000", "0.25s")
    assert rendered(event_of("SYSCALL_NANOSLEEP_E", -1), 0) == ("none", "")


def test_system_calls_have_names(event_of):
    assert rendered(event_of("GENERIC_E", 3, 0), 0) == ("3", "read")
    assert rendered(event_of("GENERIC_E", 9_999, 0), 0) == ("<unknown syscall>", "")


def test_a_time_that_no_clock_shows_is_a_number(event_of):
    code = CODES["SYSCALL_EXECVE_19_X"]
    event = event_of("SYSCALL_EXECVE_19_X", 0)
    index = 24  # exe_ino_ctime
    assert renderer(code, index)(event, (1_500_000_000_000_000_001).to_bytes(8, "little"))[0].startswith("2017-07-1")
    assert renderer(code, index)(event, b"\xff" * 32)[0].isdecimal()
