from __future__ import annotations

import pytest

from falco.capture.scap import packing


@pytest.mark.parametrize(
    ("pack", "values", "raw"),
    [
        (packing.u16, (1, 0x10002), b"\1\0\2\0"),
        (packing.u32, (-1, 2), b"\xff\xff\xff\xff\2\0\0\0"),
        (packing.u64, (-2,), b"\xfe" + 7 * b"\xff"),
        (packing.u64, (), b""),
    ],
)
def test_integers_are_cut_to_their_width(pack, values, raw):
    assert pack(*values) == raw


def test_texts_have_their_length_before_them_and_are_cut():
    assert packing.text("a\udcff") == b"\2\0a\xff"
    assert packing.text("abc", 2) == b"\2\0ab"
    assert len(packing.text("x" * 5000)) == 2 + packing.MAX_PATH
    assert packing.counted(b"") == b"\0\0"


def test_an_address_of_another_family_is_zeros():
    assert packing.address(b"\1\2\3\4", 4) == b"\1\2\3\4"
    assert packing.address(b"\1\2\3\4", 16) == bytes(16)
