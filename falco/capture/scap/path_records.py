"""The tables of paths in a capture: records that only we read, wherever the tables in force change.

A record is an event of a code that no event has, so that other readers pass over it. Its first parameter is MAGIC, its
second a u16 each for which part of the tables it is (from 0) and how many there are, its third the part. The parts
together are, all little-endian, a text being a u16 with its length and its bytes:

    u32 count, then for each path of the rules two texts: as it is written, and where its links lead
    u32 count, then for each file u32 device, u64 inode, u16 count, and as many texts: its names

A record replaces all that was said before it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.capture.scap import blocks
from falco.capture.scap.metadata import Cursor, MetadataError
from falco.capture.scap.packing import u16, u32, u64
from falco.capture.scap.writer import block
from falco.fields.path_tables import PathTables

if TYPE_CHECKING:
    from falco.fields.path_tables import FileId

MAGIC = b"falco path tables 1\0"
MAX_BYTES = 8 << 20
"""Bytes of all tables; entries that do not fit are not written."""
_PART = 60000
"""Bytes of a part, for 0.15 takes events of up to 64 KiB."""
MAX_PARTS = MAX_BYTES // _PART + 2
_MAX_TEXT = 4096
_NO_TID = -1
_HEAD = struct.Struct("<8x2xQqIHI3H")
"""Timestamp, tid, length, code and count of parameters, and the lengths of the three of ours."""
_WHICH = struct.Struct("<HH")


def encode(tables: PathTables, ts: int) -> list[bytes]:
    """The blocks that put tables in force from ts (ns since the epoch) on."""
    body = b"".join(_rows(tables))
    parts = [body[at : at + _PART] for at in range(0, len(body), _PART)]
    return [_record(part, ts, number, len(parts)) for number, part in enumerate(parts)]


def part_of(raw: bytes) -> int | None:
    """Which part a record is; None for an event that is none of ours."""
    found = _open(raw)
    return None if found is None else found[0]


class Parts:
    """Puts tables together from records as they come."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def take(self, raw: bytes) -> PathTables | None:
        """The tables, once their last part has come. MetadataError if they make no sense.

        Parts that do not follow each other are passed over: what they began was cut off.
        """
        found = _open(raw)
        if found is None:
            return None
        number, total, part = found
        if number == 0:
            self._parts = []
        if number != len(self._parts) or number >= MAX_PARTS:
            return None
        self._parts.append(part)
        if len(self._parts) < total:
            return None
        body, self._parts = b"".join(self._parts), []
        return _decode(Cursor(body))


def _record(part: bytes, ts: int, number: int, total: int) -> bytes:
    params = (MAGIC, _WHICH.pack(number, total), part)
    lengths = u16(*map(len, params))
    size = blocks.HEADER.size + blocks.COUNT.size + len(lengths) + sum(map(len, params))
    header = blocks.HEADER.pack(ts, _NO_TID, size, blocks.PATH_TABLES) + u32(len(params))
    return block(blocks.EVENT_V2, b"".join((blocks.CPU.pack(0), header, lengths, *params)))


def _open(raw: bytes) -> tuple[int, int, bytes] | None:
    """Number, total and bytes of a part."""
    if blocks.COUNT.unpack_from(raw)[0] != blocks.EVENT_V2 or len(raw) < _HEAD.size + 4:
        return None
    _, _, _, code, count, *lengths = _HEAD.unpack_from(raw)
    start = _HEAD.size
    if code != blocks.PATH_TABLES or count != 3 or start + sum(lengths) > len(raw) - 4:
        return None
    if lengths[:2] != [len(MAGIC), _WHICH.size] or raw[start : start + len(MAGIC)] != MAGIC:
        return None
    start += len(MAGIC)
    number, total = _WHICH.unpack_from(raw, start)
    start += _WHICH.size
    return number, total, raw[start : start + lengths[2]]


def _rows(tables: PathTables) -> Iterator[bytes]:
    left = MAX_BYTES
    for rows in (
        [row for pair in tables.resolved.items() if (row := _texts(pair)) is not None],
        [row for file, names in tables.files.items() if (row := _file(file, names)) is not None],
    ):
        fitting = []
        for row in rows:
            left -= len(row)
            if left < 0:
                break
            fitting.append(row)
        yield u32(len(fitting))
        yield from fitting


def _file(file: FileId, names: tuple[str, ...]) -> bytes | None:
    texts = _texts(names)
    return None if texts is None else u32(file[0]) + u64(file[1]) + u16(len(names)) + texts


def _texts(texts: tuple[str, ...]) -> bytes | None:
    """None if one is longer than any path."""
    raws = [text.encode("utf-8", "surrogateescape") for text in texts]
    if any(len(raw) > _MAX_TEXT for raw in raws):
        return None
    return b"".join(u16(len(raw)) + raw for raw in raws)


def _decode(body: Cursor) -> PathTables:
    resolved = {body.text(): body.text() for _ in range(body.unsigned(4))}
    files = {}
    for _ in range(body.unsigned(4)):
        file = (body.unsigned(4), body.unsigned(8))
        files[file] = tuple(body.text() for _ in range(body.unsigned(2)))
    if body.left:
        raise MetadataError(f"{body.left} bytes behind the tables of paths", body.at)
    return PathTables(resolved, files)
