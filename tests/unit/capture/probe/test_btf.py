from __future__ import annotations

import struct

import pytest

from falco.capture.probe import btf
from falco.capture.probe.btf import Btf, BtfError, Place
from tests.btf import Blob


@pytest.fixture
def blob():
    return Blob()


def test_members_and_sizes(blob):
    u32, u64 = blob.integer("u32", 4), blob.integer("u64", 8)
    blob.struct("pair", 16, [("low", u32, 0), ("high", u64, 64)])
    types = Btf(blob.data())
    assert types.place("pair.low") == Place(0, 4)
    assert types.place("pair.high") == Place(8, 8)
    assert types.size("pair") == 16


def test_what_is_not_there_is_none(blob):
    u32 = blob.integer("u32", 4)
    blob.struct("pair", 8, [("low", u32, 0)])
    types = Btf(blob.data())
    assert types.place("pair.middle") is None
    assert types.place("pair.low.bit") is None
    assert types.place("other.low") is None
    assert types.place("u32") is None
    assert types.size("other") is None
    assert types.enum("other") == {}


def test_anonymous_members_typedefs_qualifiers_and_arrays(blob):
    u32 = blob.integer("u32", 4)
    inner = blob.struct("", 8, [("a", u32, 0), ("b", u32, 32)])
    union = blob.struct("", 8, [("whole", blob.integer("u64", 8), 0), ("", inner, 0)], kind=btf.UNION)
    named = blob.type("alias_t", btf.TYPEDEF, blob.type("", btf.CONST, blob.struct("leaf", 12, [("x", u32, 32)])))
    row = blob.array(blob.array(named, 3), 5)
    pointer = blob.type("", btf.PTR, u32)
    blob.struct("outer", 212, [("", union, 64), ("rows", row, 128), ("next", pointer, 1600)])
    types = Btf(blob.data())
    assert types.place("outer.b") == Place(12, 4)
    assert types.place("outer.rows") == Place(16, 180)
    assert types.place("outer.rows.x") == Place(20, 4)
    assert types.place("outer.next") == Place(200, 8)
    assert types.place("outer.next.x") is None


def test_bit_fields_lie_in_words_of_their_type(blob):
    u32 = blob.integer("u32", 4)
    members = [("plain", u32, 0), ("flag", u32, 35 | 1 << 24), ("wide", u32, 50 | 5 << 24), ("later", u32, 64)]
    blob.struct("flags", 12, members, flag=True)
    types = Btf(blob.data())
    assert types.place("flags.flag") == Place(4, 4, 3, 1)
    assert types.place("flags.wide") == Place(4, 4, 18, 5)
    assert types.place("flags.later") == Place(8, 4)


def test_of_two_structures_of_a_name_the_one_with_the_member_counts(blob):
    u32 = blob.integer("u32", 4)
    blob.struct("twice", 4, [("one", u32, 0)])
    blob.struct("twice", 8, [("two", u32, 32)])
    types = Btf(blob.data())
    assert types.place("twice.two") == Place(4, 4)
    assert types.place("twice.one") == Place(0, 4)


def test_values_of_enums(blob):
    rows = [(blob.name("ZERO"), 0), (blob.name("LAST"), 0xFFFFFFFF)]
    blob.type("small", btf.ENUM, 4, entries=2, more=b"".join(struct.pack("=II", *row) for row in rows))
    blob.type("large", btf.ENUM64, 8, entries=1, more=struct.pack("=III", blob.name("HUGE"), 5, 2))
    types = Btf(blob.data())
    assert types.enum("small") == {"ZERO": 0, "LAST": 0xFFFFFFFF}
    assert types.enum("large") == {"HUGE": 2 << 32 | 5}


def test_structures_and_functions_have_numbers(blob):
    blob.type("both", btf.FUNC, 1, entries=1)
    first = blob.struct("both", 4, [])
    function = blob.type("alone", btf.FUNC, 1, entries=1)
    blob.integer("alone_too", 4)
    types = Btf(blob.data())
    assert (types.number("both"), types.function("both")) == (first, first - 1)
    assert (types.number("alone"), types.function("alone")) == (None, function)
    assert types.function("alone_too") is None
    assert types.function("lone") is None


def test_every_kind_is_passed_over_by_its_length(blob):
    blob.type("f", btf.FUNC_PROTO, 0, entries=2, more=bytes(16))
    blob.type("v", btf.VAR, 1, more=bytes(4))
    blob.type("s", btf.DATASEC, 4, entries=1, more=bytes(12))
    blob.type("t", btf.DECL_TAG, 1, more=bytes(4))
    blob.type("forward", 7)
    blob.type("function", 12, 1)
    blob.type("f", btf.FLOAT, 8)
    blob.struct("after", 4, [("x", blob.integer("u32", 4), 0)])
    assert Btf(blob.data()).place("after.x") == Place(0, 4)


def refused(data: bytes, match: str) -> None:
    with pytest.raises(BtfError, match=match):
        Btf(data)


def test_headers_that_make_no_sense(blob):
    data = blob.data()
    refused(b"", "too short")
    refused(data[:23], "too short")
    refused(b"\x9f\xeb\x02" + data[3:], "version 2")
    refused(b"\xeb\x9f" + data[2:], "magic")
    refused(data[:20] + struct.pack("=I", 2) + data[24:], "over the end")
    refused(data[:4] + struct.pack("=I", 8) + data[8:], "over the end")
    refused(struct.pack("=HBBIIIII", btf.MAGIC, 1, 0, 24, 0, 3, 0, 0) + bytes(3), "words")


def test_types_that_are_cut_off_or_unknown(blob):
    blob.integer("u32", 4)
    for size, match in ((4, "cut off"), (12, "runs over")):
        data = bytearray(blob.data())
        struct.pack_into("=I", data, 12, size)
        refused(bytes(data), match)
    strange = Blob()
    strange.type("x", 20)
    refused(strange.data(), "unknown kind")


def test_circles_and_wild_numbers_are_told(blob):
    blob.type("loop", btf.TYPEDEF, 1)
    blob.struct("holder", 4, [("a", 1, 0), ("wild", 99, 0)])
    blob.array(3, 2)
    blob.struct("rows", 4, [("r", 3, 0)])
    types = Btf(blob.data())
    for path, match in (
        ("holder.a", "circle"),
        ("holder.wild", "no type 99"),
        ("rows.r", "no size"),
        ("rows.r.x", "circle"),
    ):
        with pytest.raises(BtfError, match=match):
            types.place(path)


def test_structures_inside_themselves_end():
    blob = Blob()
    blob.struct("self", 4, [("", 1, 0), ("", 1, 0), ("", 2, 0)])
    blob.struct("", 4, [("", 1, 0)] * 1000)
    assert Btf(blob.data()).place("self.x") is None


def test_a_name_without_end_is_told(blob):
    blob.struct("last", 4, [])
    with pytest.raises(BtfError, match="outside the names"):
        Btf(blob.data()[:-6] + b"mangle").size("last")
