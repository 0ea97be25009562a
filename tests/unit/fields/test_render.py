from __future__ import annotations

import pytest

from falco.events.decode import Dyn, SockAddr, SockTuple
from falco.events.types import Format, ParamType
from falco.fields.render import to_json, to_text

T, F = ParamType, Format
V4, V6 = bytes((10, 0, 0, 1)), bytes(15) + b"\1"


@pytest.mark.parametrize(
    ("type", "format", "value", "text", "json"),
    [
        (T.CHARBUF, F.NA, "a\x1b[1m\nb", "a\x1b[1m\nb", "a\x1b[1m\nb"),
        (T.CHARBUF, F.DEC, "naïve", "naïve", "naïve"),
        (T.CHARBUF, F.NA, "a\udcffb", "a\udcffb", "a\ufffdb"),
        (T.FSPATH, F.NA, "/etc", "/etc", "/etc"),
        (T.BYTEBUF, F.NA, b"a\0\xffb", "a..b", "a..b"),
        (T.BOOL, F.NA, True, "true", True),
        (T.BOOL, F.NA, False, "false", False),
        (T.DOUBLE, F.DEC, 12.345, "12.3", 12.345),
        (T.IPADDR, F.NA, V4, "10.0.0.1", "10.0.0.1"),
        (T.IPADDR, F.NA, V6, "::1", "::1"),
        (T.PORT, F.DEC, 80, "80", 80),
        (T.INT64, F.ID, -1, "-1", -1),
        (T.UINT32, F.ID, 4294967295, "4294967295", 4294967295),
        (T.UINT64, F.DEC, (1 << 64) - 1, "-1", (1 << 64) - 1),
        (T.UINT64, F.HEX, 0xDEAD, "DEAD", "DEAD"),
        (T.INT32, F.HEX, -1, "FFFFFFFF", "FFFFFFFF"),
        (T.UINT32, F.OCT, 0o644, "0644", "0644"),
        (T.UINT32, F.OCT, 0, "0", "0"),
        (T.RELTIME, F.TEN_PADDED, 42, "000000042", 42),
        (T.RELTIME, F.DEC, 42, "42", 42),
        (T.SOCKADDR, F.NA, SockAddr(2, V4, 80), "10.0.0.1:80", "10.0.0.1:80"),
        (T.SOCKADDR, F.NA, SockAddr(1, path="/run/x"), "/run/x", "/run/x"),
        (T.SOCKTUPLE, F.NA, SockTuple(2, V4, 1, V4, 2), "10.0.0.1:1->10.0.0.1:2", "10.0.0.1:1->10.0.0.1:2"),
        (T.SOCKTUPLE, F.NA, SockTuple(1, path="/x", source_pointer=16), "10->0 /x", "10->0 /x"),
        (T.FDLIST, F.NA, [(3, 1), (4, 0x41)], "3:1 4:41", "3:1 4:41"),
        (T.DYN, F.NA, Dyn(0, b"\1\2"), "0102", "0102"),
        (T.SIGTYPE, F.DEC, 9, "9", 9),
    ],
)  # fmt: skip
def test_values_of_every_kind(type, format, value, text, json):
    assert to_text(type, format)(value) == text
    found = to_json(type, format)(value)
    assert (found, found.__class__) == (json, json.__class__)


@pytest.mark.parametrize("type", list(ParamType), ids=lambda type: type.name)
def test_no_value_is_null_in_json(type):
    assert to_json(type, Format.DEC)(None) is None


def test_clean_text_has_no_control_characters():
    assert to_text(T.CHARBUF, F.NA, clean=True)("a\x1b[1m\nü\x7f") == "a[1mü"
    assert to_json(T.CHARBUF, F.NA, clean=True)("a\nb\udcff") == "ab\ufffd"
