from __future__ import annotations

import pytest

from falco.events.types import ParamType as T
from falco.filter.patterns import Network
from falco.filter.values import KINDS, parse, to_bytes


@pytest.mark.parametrize(
    ("text", "type", "value"),
    [
        ("-1", T.INT64, -1),
        ("-1", T.UINT32, 4294967295),
        ("4294967295", T.INT32, -1),
        ("010", T.UINT8, 10),
        ("18446744073709551615", T.UINT64, 18446744073709551615),
        ("true", T.BOOL, True),
        ("false", T.BOOL, False),
        ("443", T.PORT, 443),
        ("ssh", T.PORT, 22),
        ("1.5", T.DOUBLE, 1.5),
        ("1e2", T.DOUBLE, 100.0),
        ("é", T.CHARBUF, "é"),
        ("é", T.BYTEBUF, b"\xc3\xa9"),
        ("10.1.2.3", T.IPADDR, b"\x0a\1\2\3"),
        ("::1", T.IPADDR, b"\0" * 15 + b"\1"),
        ("::ffff:10.0.0.1", T.IPADDR, b"\0" * 10 + b"\xff\xff\x0a\0\0\1"),
        ("10.1.2.3/8", T.IPNET, Network(4, 0x0A000000, 0xFF000000)),
        ("2001:db8::5", T.IPNET, Network(16, 0x20010DB8 << 96, ((1 << 64) - 1) << 64)),
    ],
)
def test_values_are_read_by_type(text: str, type: T, value: object) -> None:
    assert parse(text, type) == value


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("0x3", T.INT64),
        ("1s", T.RELTIME),
        ("", T.INT64),
        ("1_000", T.INT64),
        ("٣", T.INT64),
        ("256", T.UINT8),
        ("18446744073709551616", T.UINT64),
        ("9" * 5000, T.UINT64),
        ("1", T.BOOL),
        ("True", T.BOOL),
        ("65536", T.PORT),
        ("-1", T.PORT),
        ("no such service", T.PORT),
        ("a\0b", T.PORT),
        ("nan", T.DOUBLE),
        ("10.0.0", T.IPADDR),
        ("10.0.0.0/8", T.IPADDR),
        ("10.0.0.1", T.IPNET),
        ("10.0.0.0/33", T.IPNET),
        ("localhost", T.IPNET),
    ],
)
def test_what_is_no_value_of_the_type_is_refused(text: str, type: T) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text, type)


def test_types_that_cannot_be_compared_have_no_kind() -> None:
    assert {T.SOCKTUPLE, T.FDLIST, T.DYN, T.SIGSET}.isdisjoint(KINDS)


def test_text_gives_back_the_bytes_it_stood_for() -> None:
    assert to_bytes("é\udcff") == b"\xc3\xa9\xff"
