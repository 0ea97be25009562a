"""Every version of the blocks before the first event, put together by hand."""

from __future__ import annotations

import ipaddress
import struct

import pytest

from falco.capture.scap import blocks, metadata
from falco.state.fds import L4, FdType
from falco.state.snapshot import Interface, Machine, Snapshot
from falco.state.users import Group, User


def counted(raw):
    return struct.pack("<H", len(raw)) + raw


def entry(body):
    return struct.pack("<I", len(body) + 4) + body


def parse(kind, body):
    snapshot = Snapshot()
    metadata.parse(kind, body, snapshot)
    return snapshot


def process(version, tail=b"", tid=7):
    """A process-list entry of a version, each field that it has with a value of its own."""
    parts = [struct.pack("<qqq", tid, tid, 1)]
    parts += [struct.pack("<q", 5)] if version >= 6 else []
    parts += [struct.pack("<q", 3)] if version >= 8 else []
    parts += [counted(b"comm"), counted(b"./exe")]
    parts += [counted(b"/bin/exe")] if version >= 7 else []
    parts += [
        counted(b"-a\0b c\0"),
        counted(b"/home/"),
        struct.pack("<q", 1024),
        struct.pack("<III", 0x80000, 1000, 100),
    ]
    parts += [struct.pack("<IIIQQ", 11, 12, 13, 14, 15)] if version >= 2 else []
    parts += [counted(b"A=1\0B=\xff\0")] if version >= 3 else []
    parts += [struct.pack("<qq", 70, 71), counted(b"cpu=/docker/x\0mem=/\0")] if version >= 4 else []
    parts += [counted(b"/root")] if version >= 5 else []
    body = b"".join(parts) + tail
    return entry(body) if version >= 9 else body


KINDS = {version: kind for kind, version in blocks.PROCESSES.items()}


@pytest.mark.parametrize("version", range(1, 10))
def test_process_list_of_every_version(version):
    tail = struct.pack("<I", 1001) if version >= 9 else b""
    snapshot = parse(KINDS[version], process(version, tail) + process(version, tail, tid=8))
    assert list(snapshot.threads) == [7, 8]
    thread = snapshot.threads[7]
    assert (thread.pid, thread.ptid, thread.comm, thread.exe) == (7, 1, "comm", "./exe")
    assert (thread.args, thread.cwd, thread.fdlimit) == (["-a", "b c"], "/home/", 1024)
    assert (thread.flags, thread.uid, thread.gid) == (0x80000, 1000, 100)
    assert (thread.vmsize, thread.vmrss, thread.vmswap) == ((11, 12, 13) if version >= 2 else (0, 0, 0))
    assert (thread.pfmajor, thread.pfminor) == ((14, 15) if version >= 2 else (0, 0))
    assert thread.env == (["A=1", "B=\udcff"] if version >= 3 else [])
    assert (thread.vtid, thread.vpid) == ((70, 71) if version >= 4 else (7, 7))
    assert list(thread.cgroups) == ([("cpu", "/docker/x"), ("memory", "/")] if version >= 4 else [])
    assert thread.root == ("/root" if version >= 5 else "")
    assert thread.sid == (5 if version >= 6 else -1)
    assert thread.exepath == ("/bin/exe" if version >= 7 else "")
    assert thread.vpgid == (3 if version >= 8 else -1)
    assert thread.loginuid == (1001 if version >= 9 else 0xFFFFFFFF)
    assert not thread.placeholder


@pytest.mark.parametrize(
    ("tail", "loginuid", "tty"),
    [
        (b"", 0xFFFFFFFF, 0),
        (struct.pack("<I", 5), 5, 0),
        (struct.pack("<IB", 5, 1), 5, 0),
        (struct.pack("<IB", 5, 1) + bytes(24), 5, 0),
        (struct.pack("<QIIB", 9, 34816, 5, 1) + bytes(24 + 25), 5, 34816),
    ],
    ids=["none", "0.15", "writable", "capabilities", "newest"],
)
def test_the_optional_end_of_an_entry(tail, loginuid, tty):
    thread = parse(blocks.PROCESSES_V9, process(9, tail)).threads[7]
    assert (thread.loginuid, thread.tty) == (loginuid, tty)


def test_a_placeholder_that_was_written_out_is_one_again():
    body = struct.pack("<qqqqq", 7, 7, -1, -1, -1) + counted(b"<NA>") * 2 + counted(b"") * 3
    body += struct.pack("<qIII", -1, 0, 0xFFFFFFFF, 0xFFFFFFFF) + bytes(12 + 16) + counted(b"")
    body += struct.pack("<qq", -1, -1) + counted(b"") * 2
    assert parse(blocks.PROCESSES_V9, entry(body)).threads[7].placeholder


def test_machine():
    body = struct.pack("<IQQ128sQQQQ", 4, 1 << 33, 32768, b"box\xff", 99, 0, 0, 0)
    assert parse(blocks.MACHINE_INFO, body).machine == Machine(4, 1 << 33, 32768, "box\udcff", 99)


V4 = tuple(ipaddress.ip_address(a).packed for a in ("10.0.0.5", "255.0.0.0", "10.255.255.255"))
V6 = tuple(ipaddress.ip_address(a).packed for a in ("fe80::5", "ffff::", "::"))
INTERFACES = [
    (1, V4, struct.pack("<Q", 1000), 1000),
    (2, V6, struct.pack("<Q", 10), 10),
    (3, V4, b"", 0),
    (4, V6, b"", 0),
]


@pytest.mark.parametrize("kind", [blocks.INTERFACES, blocks.INTERFACES_V2])
def test_interfaces_of_every_type(kind):
    rows = [struct.pack("<HH", t, 4) + b"".join(addresses) + speed + b"eth0" for t, addresses, speed, _ in INTERFACES]
    if kind == blocks.INTERFACES_V2:
        rows = [struct.pack("<I", len(row)) + row for row in rows]
    expected = [Interface("eth0", address, mask, last, speed) for _, (address, mask, last), _, speed in INTERFACES]
    assert parse(kind, b"".join(rows) + bytes(2)).interfaces == expected


def test_an_unknown_interface_type_is_an_error_at_its_place():
    with pytest.raises(metadata.MetadataError, match="type 9") as caught:
        parse(blocks.INTERFACES, struct.pack("<HH", 9, 0))
    assert caught.value.at == 0


@pytest.mark.parametrize("kind", [blocks.USERS, blocks.USERS_V2])
def test_users_and_groups(kind):
    rows = [
        struct.pack("<BII", 0, 1000, 100) + counted(b"ann") + counted(b"/home/ann") + counted(b"/bin/sh"),
        struct.pack("<BI", 1, 100) + counted(b"users"),
    ]
    if kind == blocks.USERS_V2:
        rows = [entry(row) for row in rows]
    snapshot = parse(kind, b"".join(rows) + bytes(3))
    assert snapshot.users == [User(1000, 100, "ann", "/home/ann", "/bin/sh")]
    assert snapshot.groups == [Group(100, "users")]


def test_an_unknown_user_list_entry_is_an_error():
    with pytest.raises(metadata.MetadataError, match="entry 7"):
        parse(blocks.USERS, struct.pack("<BI", 7, 100))


NAMED = (1, 2, 7, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21)
FDS: dict[int, tuple[bytes, dict[str, object]]] = {
    **{kind: (counted(b"/a/name"), {"name": "/a/name"}) for kind in NAMED},
    FdType.UNKNOWN: (b"", {"name": ""}),
    FdType.IPV4_SOCK: (
        V4[0] + V4[1] + struct.pack("<HHB", 1234, 80, 2),
        {"source": V4[0], "destination": V4[1], "source_port": 1234, "destination_port": 80, "l4proto": L4.TCP},
    ),
    FdType.IPV6_SOCK: (
        V6[0] + V6[1] + struct.pack("<HHB", 1, 2, 3),
        {"source": V6[0], "destination": V6[1], "source_port": 1, "destination_port": 2, "l4proto": L4.UDP},
    ),
    FdType.IPV4_SERVSOCK: (
        V4[0] + struct.pack("<HB", 22, 2),
        {"destination": V4[0], "destination_port": 22, "l4proto": L4.TCP, "source": b""},
    ),
    FdType.IPV6_SERVSOCK: (V6[0] + struct.pack("<HB", 22, 2), {"destination": V6[0], "destination_port": 22}),
    FdType.UNIX_SOCK: (
        struct.pack("<QQ", 0xFFFF880012345678, 2) + counted(b"/run/x"),
        {"source_pointer": 0xFFFF880012345678, "destination_pointer": 2, "name": "/run/x"},
    ),
    FdType.FILE_V2: (struct.pack("<I", 1) + counted(b"/etc/x"), {"open_flags": 1, "name": "/etc/x", "dev": 0}),
}


@pytest.mark.parametrize("kind", FdType)
@pytest.mark.parametrize("block", [blocks.FDS, blocks.FDS_V2])
def test_fds_of_every_type(kind, block):
    payload, expected = FDS[kind]
    row = struct.pack("<qQB", 3, 77, kind) + payload
    other = struct.pack("<qQB", 4, 78, 1) + counted(b"/other")
    rows = entry(row) + entry(other) if block == blocks.FDS_V2 else row + other
    snapshot = parse(KINDS[1], process(1))
    metadata.parse(block, struct.pack("<q", 7) + rows, snapshot)
    fds = snapshot.threads[7].fds
    assert {name: getattr(fds[3], name) for name in expected} == expected
    assert (fds[3].type, fds[3].ino, fds[4].name) == (kind, 77, "/other")


def test_the_device_is_read_where_an_entry_has_it():
    row = struct.pack("<qQB", 3, 77, 16) + struct.pack("<I", 1) + counted(b"/etc/x") + struct.pack("<I", 0x801)
    snapshot = parse(KINDS[1], process(1))
    metadata.parse(blocks.FDS_V2, struct.pack("<q", 7) + entry(row), snapshot)
    assert snapshot.threads[7].fds[3].dev == 0x801


def test_fds_of_an_unknown_thread_are_kept_nowhere():
    snapshot = parse(blocks.FDS, struct.pack("<qqQB", 7, 3, 77, 1) + counted(b"/x"))
    assert snapshot.threads == {}


def test_unknown_blocks_add_nothing():
    assert parse(0x999, b"whatever") == Snapshot()


WHOLE = {
    **{kind: process(version) for kind, version in blocks.PROCESSES.items()},
    blocks.MACHINE_INFO: bytes(180),
    blocks.USERS: struct.pack("<BI", 1, 100) + counted(b"users"),
    blocks.USERS_V2: entry(struct.pack("<BI", 1, 100) + counted(b"users")),
    blocks.INTERFACES: struct.pack("<HH", 1, 4) + b"".join(V4) + bytes(8) + b"eth0",
    blocks.FDS_V2: struct.pack("<q", 7) + entry(struct.pack("<qQB", 3, 77, 7) + counted(b"/a/name")),
}


@pytest.mark.parametrize("kind", WHOLE, ids=hex)
def test_a_block_cut_anywhere_is_read_or_a_metadata_error(kind):
    body = WHOLE[kind]
    errors = 0
    for size in range(len(body)):
        try:
            parse(kind, body[:size])
        except metadata.MetadataError as error:
            assert 0 <= error.at <= size
            errors += 1
    assert errors >= len(body) - 8


def test_an_entry_shorter_than_its_own_length_is_an_error():
    with pytest.raises(metadata.MetadataError, match="shorter than its own length"):
        parse(blocks.PROCESSES_V9, struct.pack("<I", 3) + bytes(8))


def test_an_entry_longer_than_its_block_is_an_error_that_says_by_how_much():
    with pytest.raises(metadata.MetadataError, match="996 bytes expected, 8 left"):
        parse(blocks.USERS_V2, struct.pack("<I", 1000) + bytes(8))
