from __future__ import annotations

import io
import ipaddress

import pytest

from falco.capture.scap import blocks, packing, writer
from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import Stream
from falco.events.event import Event
from falco.events.table import CODES
from falco.state import snapshot
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.snapshot import Interface, Machine, Snapshot
from falco.state.state import State
from falco.state.users import Group, User
from tests.events import Built, build, process, write_capture
from tests.unit.capture.scap.recording import kinds, raw, replay, shown, split, tables

V4, V6 = ipaddress.ip_address("10.0.0.5").packed, ipaddress.ip_address("fe80::5").packed
OPEN = build("SYSCALL_OPEN_X", ts=5, tid=7, cpu=3, fd=3, name="/x")


def rows(blocks_):
    """The snapshot that a reader gets of these blocks, and its events."""
    state = State(all_events=True)
    found: list[Snapshot] = []
    reader = Reader(Stream(io.BytesIO(b"".join(blocks_)), "x"), Event(state), found.append)
    events = [(e.num, e.ts, e.tid, e.cpu, e.code, e.params(), e.hidden) for e in reader]
    return found[0], events


def written_back(given):
    return rows([*writer.section(given), OPEN.block()])[0]


def attributes(thing):
    values = {name: getattr(thing, name) for name in type(thing).__slots__}
    if "cgroups" in values:
        values["cgroups"] = tuple(values["cgroups"])
    return {k: v for k, v in values.items() if k not in ("main", "others", "fds", "container_id")}


def test_a_section_has_the_blocks_that_015_asks_for_in_its_order():
    given = Snapshot(threads={7: process(7), 8: process(8)})
    expected = [blocks.SECTION_HEADER, blocks.MACHINE_INFO, blocks.INTERFACES_V2, blocks.USERS_V2]
    assert kinds(b"".join(writer.section(given))) == [*expected, blocks.PROCESSES_V9, blocks.FDS_V2, blocks.FDS_V2]


@pytest.mark.parametrize("size", range(9))
def test_blocks_are_padded_to_four(size):
    block = writer.block(0x999, b"x" * size)
    assert len(block) % 4 == 0
    assert block[4:8] == block[-4:] == len(block).to_bytes(4, "little")
    assert block[8:-4] == b"x" * size + bytes(-size % 4)


def test_machine_interfaces_and_accounts_come_back():
    given = Snapshot(
        Machine(4, 1 << 33, 32768, "box\udcff", 1_500_000_000_000_000_000),
        [Interface("lo", V4, V4, V4, 10), Interface("eth0", V6, V6, V6)],
        [User(0, 0, "root", "/root", "/bin/sh"), User(1000, 100, "ann", "", "")],
        [Group(0, "root"), Group(100, "users")],
    )
    back = written_back(given)
    assert (back.machine, back.interfaces, back.users, back.groups) == (
        given.machine,
        given.interfaces,
        given.users,
        given.groups,
    )


def test_a_machine_that_is_not_known_is_written_as_zeros():
    assert written_back(Snapshot()).machine == Machine(0, 0, 0, "", 0)


def test_every_attribute_of_a_process_comes_back():
    given = process(
        7, 6, 5, sid=4, vpgid=3, vtid=2, vpid=1, comm="c", exe="./e", exepath="/bin/e", args=["-x", "", "\udcff y"],
        cwd="/home/ann/", fdlimit=-1, flags=0x82000, uid=1000, gid=100, vmsize=1, vmrss=2, vmswap=3, pfmajor=4,
        pfminor=1 << 40, env=["A=1"], cgroups=(("cpu", "/docker/x"), ("memory", "/")), root="/r", loginuid=1001,
    )  # fmt: skip
    back = written_back(Snapshot(threads={7: given})).threads[7]
    assert attributes(back) == attributes(given)


def ends(**values):
    fd = FdInfo(values.pop("type"))
    for name, value in values.items():
        setattr(fd, name, value)
    return fd


FDS = [
    FdInfo(FdType.FILE, "/old", ino=9),
    FdInfo(FdType.FILE_V2, "/etc/x\udcff", 4097, 0x801, 77),
    FdInfo(FdType.DIRECTORY, "/etc"),
    FdInfo(FdType.UNSUPPORTED, "[something]"),
    FdInfo(FdType.UNKNOWN),
    ends(type=FdType.UNIX_SOCK, name="1f->2e /run/x", source_pointer=1 << 63, destination_pointer=2),
    ends(type=FdType.IPV4_SOCK, source=V4, destination=V4, source_port=1, destination_port=65535, l4proto=L4.TCP),
    ends(type=FdType.IPV6_SOCK, source=V6, destination=V6, source_port=1, destination_port=2, l4proto=L4.UDP),
    ends(type=FdType.IPV4_SERVSOCK, destination=V4, destination_port=22, l4proto=L4.TCP),
    ends(type=FdType.IPV6_SERVSOCK, destination=V6, destination_port=22, l4proto=L4.TCP),
]


def test_fds_come_back():
    given = process(7, fds=dict(enumerate(FDS, 3)))
    back = written_back(Snapshot(threads={7: given})).threads[7].fds
    assert {n: attributes(fd) for n, fd in back.items()} == {n: attributes(fd) for n, fd in given.fds.items()}


def test_types_that_old_readers_refuse_are_written_as_unsupported():
    back = written_back(Snapshot(threads={7: process(7, fds={3: FdInfo(FdType.MEMFD, "memory")})}))
    fd = back.threads[7].fds[3]
    assert (fd.type, fd.name) == (FdType.UNSUPPORTED, "memory")


def test_the_serving_end_of_a_connection_is_listed_first():
    bound = ends(type=FdType.IPV4_SERVSOCK, destination=V4, destination_port=22, l4proto=L4.TCP)
    served = ends(
        type=FdType.IPV4_SOCK, source=bytes(4), source_port=9, destination=V4, destination_port=22, role=Role.SERVER
    )
    given = Snapshot(threads={7: process(7, fds={3: bound}), 8: process(8, fds={3: served})})
    back = written_back(given).threads[8].fds[3]
    assert (back.source, back.source_port, back.destination, back.destination_port) == (V4, 22, bytes(4), 9)
    assert written_back(Snapshot(threads={8: given.threads[8]})).threads[8].fds[3].source_port == 9


def test_texts_are_cut_where_readers_would_refuse_them():
    given = process(7, comm="é" * 2000, args=["a" * 3000, "b" * 3000], fds={3: FdInfo(FdType.FILE, "/" * 70_000)})
    account = User(1, 1, "n" * 300, "", "")
    back = written_back(Snapshot(users=[account], threads={7: given}))
    thread = back.threads[7]
    assert thread.comm.encode("utf-8", "surrogateescape") == ("é" * 2000).encode()[: packing.MAX_PATH]
    assert thread.args == ["a" * 3000, "b" * (writer.MAX_LIST - 3001)]
    assert (len(back.users[0].name), len(thread.fds[3].name)) == (255, 1023)


def test_numbers_that_no_field_holds_are_cut_to_its_width():
    given = process(7, uid=1 << 40, vmsize=(1 << 32) + 5, pfminor=1 << 70, sid=(1 << 64) + 3)
    given.fds[1 << 65] = ends(type=FdType.IPV4_SOCK, source=b"", destination=V6, source_port=70_000, l4proto=300)
    back = written_back(Snapshot(threads={7: given})).threads[7]
    assert (back.uid, back.vmsize, back.pfminor, back.sid) == (0, 5, 0, 3)
    assert (back.fds[0].source, back.fds[0].destination, back.fds[0].source_port) == (
        bytes(4),
        bytes(4),
        70_000 - 65_536,
    )


@pytest.mark.parametrize("flags", [0, blocks.STATE_ONLY])
def test_an_event_is_written_as_it_would_have_been_captured(flags):
    built = Built(OPEN.type, OPEN.params, OPEN.ts, OPEN.tid, OPEN.cpu, bool(flags))
    assert writer.event(OPEN.type.code, OPEN.ts, OPEN.tid, OPEN.params, OPEN.cpu, flags) == built.block()


@pytest.mark.parametrize("flags", [0, blocks.STATE_ONLY])
def test_long_parameters_and_blocks(flags):
    code = CODES["CONTAINER_JSON_2_E"]
    block = writer.event(code, 5, -1, (b"x" * 100_000,), flags=flags)
    assert blocks.BLOCK.unpack_from(block)[0] == (blocks.EVENT_FLAGS_V2_LARGE if flags else blocks.EVENT_V2_LARGE)
    found = rows([*writer.section(Snapshot()), OPEN.block(), block])[1]
    assert found[1] == (2, 5, -1, 0, code, (b"x" * 100_000,), bool(flags))


def v1(kind, flags=b""):
    payload = OPEN.payload()
    head = OPEN.block()[8:10] + flags + blocks.HEADER.pack(OPEN.ts, OPEN.tid, 22 + len(payload), OPEN.type.code)
    return writer.block(kind, head + payload)


@pytest.mark.parametrize(
    "block",
    [
        OPEN.block(),
        writer.event(OPEN.type.code, OPEN.ts, OPEN.tid, OPEN.params, OPEN.cpu, flags=2),
        writer.event(OPEN.type.code, OPEN.ts, OPEN.tid, OPEN.params, OPEN.cpu, flags=1),
        v1(blocks.EVENT),
        v1(0x8010ABCD),
        v1(blocks.EVENT_FLAGS, bytes(4)),
    ],
    ids=["v2", "v2 other flag", "v2 already", "v1", "v1 alias", "v1 no flag"],
)
def test_state_only_hides_an_event_and_keeps_the_rest(block):
    hidden = writer.state_only(block)
    assert writer.dump_flags(hidden) == writer.dump_flags(block) | blocks.STATE_ONLY
    found = rows([*writer.section(Snapshot()), hidden])[1]
    assert found == [(1, OPEN.ts, OPEN.tid, OPEN.cpu, OPEN.type.code, OPEN.params, True)]
    assert writer.state_only(hidden) == hidden


def test_the_state_of_a_shipped_capture_comes_back(capture, tmp_path):
    """The start of every capture, written anew in front of its events, tells the same of every event."""
    found: list[Snapshot] = []
    state = State(all_events=True)
    with capture.open("rb") as file:
        list(Reader(Stream(file, "x"), Event(state), found.append))
    state.load(found[0])
    events = [part for part in split(raw(capture)) if blocks.BLOCK.unpack_from(part)[0] in blocks.EVENT_BLOCKS]
    copy = tmp_path / "copy"
    copy.write_bytes(b"".join((*writer.section(snapshot.of(state)), *events)))
    assert tables(replay(copy)) == tables(replay(capture))
    assert shown(copy) == shown(capture)


def test_both_writers_agree(tmp_path):
    """The tests' own writer and this one make the same bytes, but for the roles that only this one turns."""
    threads = [process(7, comm="cat", args=["x"], fds=dict(enumerate(FDS[:4] + FDS[5:], 3))), process(8, 7)]
    path = write_capture(tmp_path / "x", [OPEN], threads, [Interface("lo", V4, V4, V4)], [User(0, 0, "root", "/", "")])
    machine = Machine(2, 1 << 30, 1 << 22, "box", 0)
    given = Snapshot(
        machine, [Interface("lo", V4, V4, V4)], [User(0, 0, "root", "/", "")], [], {t.tid: t for t in threads}
    )
    assert b"".join(writer.section(given)) + OPEN.block() == path.read_bytes()
