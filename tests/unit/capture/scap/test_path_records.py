from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.capture.scap import blocks, path_records
from falco.capture.scap.metadata import MetadataError
from falco.capture.scap.path_records import MAGIC, MAX_PARTS, Parts, encode, part_of
from falco.events.table import EVENT_TABLE
from falco.fields.path_tables import NO_TABLES, PathTables
from tests.events import build

TABLES = PathTables(
    {"/bin": "/usr/bin", "/var/run/\udcff": "/run/\udcff"},
    {(0xFFFFFFFF, 1 << 63): ("/etc/shadow", "/real"), (1, 2): ("/é",)},
)
texts = st.text(st.characters(codec="utf-8") | st.sampled_from("\udc80\udcff"), max_size=8)
some_tables = st.builds(
    PathTables,
    st.dictionaries(texts, texts, max_size=4),
    st.dictionaries(
        st.tuples(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1)),
        st.lists(texts, max_size=3).map(tuple),
        max_size=4,
    ),
)


def taken(records: list[bytes], parts: Parts | None = None) -> list[PathTables]:
    parts = parts or Parts()
    return [tables for raw in records if (tables := parts.take(raw)) is not None]


def large() -> PathTables:
    return PathTables({f"/{n}/" + "x" * 3000: "/" + "y" * 3000 for n in range(60)}, {(1, 2): ("/a",)})


@given(some_tables)
def test_what_is_written_is_read_back(tables):
    assert taken(encode(tables, 5)) == [tables]


def test_the_order_of_names_is_kept():
    (found,) = taken(encode(TABLES, 5))
    assert found.files[0xFFFFFFFF, 1 << 63] == ("/etc/shadow", "/real")


def test_a_record_is_an_event_of_a_code_that_no_event_has():
    (raw,) = encode(NO_TABLES, 1234567)
    kind, size, _, ts, tid, _, code, count = struct.unpack_from("<IIHQqIHI", raw)
    assert (kind, size, ts, tid, count) == (blocks.EVENT_V2, len(raw), 1234567, -1, 3)
    assert code == blocks.PATH_TABLES >= 100 * len(EVENT_TABLE)
    assert len(raw) % 4 == 0
    assert raw[-4:] == raw[4:8]


def test_large_tables_come_in_parts_that_every_reader_takes():
    records = encode(large(), 5)
    assert len(records) == 7
    assert max(map(len, records)) < 1 << 16
    assert [part_of(raw) for raw in records] == list(range(7))
    assert taken(records) == [large()]


def test_parts_that_were_cut_off_are_passed_over():
    records, parts = encode(large(), 5), Parts()
    assert taken(records[3:], parts) == []
    assert taken(records[:3], parts) == []
    assert taken([*records[:1], *records[2:]], parts) == []
    assert taken([*records, *encode(TABLES, 6)], parts) == [large(), TABLES]


def test_entries_that_do_not_fit_are_not_written(monkeypatch):
    monkeypatch.setattr(path_records, "MAX_BYTES", 20_000)
    (found,) = taken(encode(large(), 5))
    assert found.resolved == dict(list(large().resolved.items())[:3])
    assert not found.files
    odd = PathTables({"/" + "x" * 5000: "/", "/a": "/b"}, {(1, 2): ("/" + "x" * 5000,)})
    assert taken(encode(odd, 5)) == [PathTables({"/a": "/b"})]


def test_more_parts_than_tables_may_have_are_not_kept():
    body, parts = b"\0" * 60000, Parts()
    for number in range(MAX_PARTS + 10):
        assert parts.take(path_records._record(body, 1, number, 65535)) is None
    assert len(parts._parts) == MAX_PARTS


@pytest.mark.parametrize("damage", [b"\1", b"\xff\xff\xff\xff", b""], ids=["a byte more", "a count", "nothing"])
def test_tables_that_make_no_sense(damage):
    body = b"".join(path_records._rows(TABLES))
    body = body + damage if damage == b"\1" else damage + body[len(damage) :] if damage else b""
    with pytest.raises(MetadataError):
        Parts().take(path_records._record(body, 1, 0, 1))


@given(st.binary(max_size=60))
def test_only_tables_and_errors_come_of_any_bytes(body):
    try:
        found = Parts().take(path_records._record(body, 1, 0, 1))
    except MetadataError:
        return
    assert isinstance(found, PathTables)


def test_other_events_are_none_of_ours():
    (raw,) = encode(TABLES, 5)
    code_at, magic_at = 8 + 2 + 8 + 8 + 4, raw.index(MAGIC)
    others = [
        build("SYSCALL_OPEN_X", fd=3).block(),
        raw[:code_at] + b"\xff\xff" + raw[code_at + 2 :],
        raw[:magic_at] + b"F" + raw[magic_at + 1 :],
        raw[: code_at + 2] + b"\2" + raw[code_at + 3 :],
        raw[: magic_at - 2] + b"\xff\xff" + raw[magic_at:],
        struct.pack("<I", blocks.EVENT) + raw[4:],
        raw[:40],
    ]
    assert [part_of(each) for each in others] == [None] * len(others)
    assert taken(others) == []
