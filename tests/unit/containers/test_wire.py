import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.containers import wire


def test_what_is_encoded_is_decoded():
    raw = wire.encode((1, "tëxt"), (2, 300), (3, wire.encode((1, "k"), (2, "v"))), (3, wire.encode((1, "l"))), (2, 1))
    found = wire.decode(raw)
    assert wire.text(found, 1) == "tëxt" and wire.integer(found, 2) == 1
    assert wire.mapping(found, 3, 10) == {"k": "v", "l": ""} and wire.mapping(found, 3, 1) == {"k": "v"}
    assert wire.text(wire.inner(found, 3), 1) == "l"


def test_bytes_as_other_implementations_write_them():
    # Field 1, a number, 150; field 2, text, "testing": the examples of the encoding's documentation.
    assert wire.decode(bytes.fromhex("089601")) == {1: [150]}
    assert wire.decode(bytes.fromhex("120774657374696e67")) == {2: [b"testing"]}
    assert wire.decode(bytes.fromhex("0d01000000110200000000000000")) == {1: [b"\1\0\0\0"], 2: [b"\2" + bytes(7)]}


def test_what_is_missing_or_of_another_kind_is_empty():
    found = wire.decode(wire.encode((1, 7), (2, "x")))
    assert (wire.text(found, 1), wire.text(found, 9), wire.integer(found, 2), wire.inner(found, 1)) == ("", "", 0, {})
    assert list(wire.each(found, 1, 9)) == []


@pytest.mark.parametrize(
    "raw", ["08", "0880", "08" + "ff" * 11, "0a05aa", "0d01", "1100", "0b", "0c", "0e", "0aff" + "ff" * 8 + "7f"]
)
def test_bytes_that_are_no_message(raw):
    with pytest.raises(wire.WireError):
        wire.decode(bytes.fromhex(raw))


def test_too_many_fields_are_refused():
    with pytest.raises(wire.WireError, match="too many"):
        wire.decode(b"\x08\x00" * 70_000)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_none(raw):
    try:
        found = wire.decode(raw)
    except wire.WireError:
        return
    assert all(isinstance(value, int | bytes) for values in found.values() for value in values)


@given(
    st.lists(
        st.tuples(st.integers(1, 1000), st.integers(0, 2**64 - 1) | st.binary() | st.text(st.characters(codec="utf-8")))
    )
)
def test_round_trip(fields):
    expected: wire.Message = {}
    for number, value in fields:
        expected.setdefault(number, []).append(value.encode() if isinstance(value, str) else value)
    assert wire.decode(wire.encode(*fields)) == expected
