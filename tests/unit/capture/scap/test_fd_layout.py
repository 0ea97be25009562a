from __future__ import annotations

import pytest

from falco.capture.scap import fd_layout
from falco.capture.scap.metadata import Cursor, MetadataError
from falco.state.fds import FdInfo, FdType

V4, V6 = (b"\x0a\0\0\1", b"\x0a\0\0\2"), (bytes(15) + b"\1", bytes(15) + b"\2")
CASES = [
    (FdType.UNKNOWN, {}, b""),
    (FdType.FIFO, {"name": "pipe:[1]"}, b"\x08\0pipe:[1]"),
    (99, {"name": "x"}, b"\1\0x"),
    (FdType.FILE_V2, {"open_flags": 3, "name": "/x", "dev": 0x801}, b"\3\0\0\0\2\0/x\1\x08\0\0"),
    (
        FdType.UNIX_SOCK,
        {"source_pointer": 1, "destination_pointer": 2, "name": "s"},
        bytes((1, *[0] * 7, 2, *[0] * 7, 1, 0)) + b"s",
    ),
    (FdType.IPV4_SERVSOCK, {"destination": V4[1], "destination_port": 22, "l4proto": 2}, V4[1] + b"\x16\0\2"),
    (FdType.IPV6_SERVSOCK, {"destination": V6[1], "destination_port": 22, "l4proto": 2}, V6[1] + b"\x16\0\2"),
    (
        FdType.IPV4_SOCK,
        {"source": V4[0], "destination": V4[1], "source_port": 256, "destination_port": 80, "l4proto": 3},
        V4[0] + V4[1] + b"\0\1\x50\0\3",
    ),
    (
        FdType.IPV6_SOCK,
        {"source": V6[0], "destination": V6[1], "source_port": 256, "destination_port": 80, "l4proto": 3},
        V6[0] + V6[1] + b"\0\1\x50\0\3",
    ),
]


def made(kind, values):
    fd = FdInfo(kind)
    for name, value in values.items():
        setattr(fd, name, value)
    return fd


@pytest.mark.parametrize(("kind", "values", "raw"), CASES)
def test_each_type_is_written_and_read_by_its_layout(kind, values, raw):
    assert fd_layout.written(made(kind, values)) == raw
    fd, cursor = FdInfo(kind), Cursor(raw)
    fd_layout.read(fd, cursor, entries=True)
    assert cursor.left == 0
    assert {name: getattr(fd, name) for name in values} == values


@pytest.mark.parametrize(("kind", "values", "raw"), [case for case in CASES if case[2]])
def test_what_is_cut_off_is_an_error(kind, values, raw):
    del values
    with pytest.raises(MetadataError):
        fd_layout.read(FdInfo(kind), Cursor(raw[: len(raw) // 2]), entries=True)


@pytest.mark.parametrize(("entries", "rest"), [(True, b""), (True, b"\1\2\3"), (False, b"next entry")])
def test_the_first_files_had_no_device(entries, rest):
    fd, cursor = FdInfo(FdType.FILE_V2), Cursor(b"\3\0\0\0\2\0/x" + rest)
    fd_layout.read(fd, cursor, entries=entries)
    assert (fd.name, fd.dev, cursor.left) == ("/x", 0, len(rest))


def test_a_value_that_does_not_fit_is_cut():
    raw = fd_layout.written(made(FdType.IPV4_SERVSOCK, {"destination": V6[0], "l4proto": 0x102}))
    assert raw == bytes(4) + b"\0\0\2"
