from __future__ import annotations

import socket
import sys

import pytest

from falco.capture.live import procfs_sockets
from falco.capture.live.procfs_sockets import Namespaces, by_protocol, namespace, parse_inet, parse_netlink, parse_unix
from falco.capture.live.procfs_text import ProcError
from falco.state.fds import L4, FdType, Role
from falco.state.network import packed

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ESTABLISHED, LISTEN, CLOSE = 1, 10, 7


def end(address: str, port: int) -> str:
    """An address and a port as the kernel prints them."""
    raw = packed(address)
    words = (int.from_bytes(raw[at : at + 4], sys.byteorder) for at in range(0, len(raw), 4))
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def line(local: tuple[str, int], remote: tuple[str, int], state: int, inode: int) -> str:
    ends = f"{end(*local)} {end(*remote)}"
    return f"   0: {ends} {state:02X} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1\n"


def read(**files: str):
    return lambda name: files.get(name.removeprefix("net/"), "").encode("utf-8", "surrogateescape")


def sockets(**files: str):
    return namespace(read(**files)).sockets


NONE, NONE6 = ("0.0.0.0", 0), ("::", 0)
WEB, PEER = ("10.0.0.5", 80), ("10.0.0.9", 40000)


def test_a_listener_serves():
    found = sockets(tcp=HEAD + line(("0.0.0.0", 80), NONE, LISTEN, 5))[5]
    assert (found.type, found.role, found.l4proto) == (FdType.IPV4_SERVSOCK, Role.SERVER, L4.TCP)
    assert (found.source, found.destination, found.destination_port, found.ino) == (b"", bytes(4), 80, 5)


def test_a_connection_from_a_port_that_is_listened_at_serves_its_peer():
    lines = line(WEB, PEER, ESTABLISHED, 6) + line(("0.0.0.0", 80), NONE, LISTEN, 5)
    found = sockets(tcp=HEAD + lines)[6]
    assert (found.type, found.role, found.connected) == (FdType.IPV4_SOCK, Role.SERVER, True)
    assert (found.source, found.source_port) == (packed(PEER[0]), PEER[1])
    assert (found.destination, found.destination_port) == (packed(WEB[0]), WEB[1])


def test_a_connection_to_elsewhere_is_a_client_s():
    found = sockets(tcp=HEAD + line(PEER, WEB, ESTABLISHED, 6))[6]
    assert (found.role, found.source_port, found.destination_port) == (Role.CLIENT, PEER[1], WEB[1])


def test_a_port_serves_by_its_own_protocol_only():
    found = sockets(tcp=HEAD + line(WEB, PEER, ESTABLISHED, 6), udp=HEAD + line(("0.0.0.0", 80), NONE, CLOSE, 5))
    assert (found[5].role, found[6].role) == (Role.SERVER, Role.CLIENT)


def test_a_bound_socket_that_does_not_listen_makes_no_connection_a_server_s():
    bound = line(("10.0.0.5", 80), NONE, CLOSE, 5)
    assert sockets(tcp=HEAD + bound + line(WEB, PEER, ESTABLISHED, 6))[6].role == Role.CLIENT


def test_ipv6_keeps_its_addresses():
    found = sockets(tcp6=HEAD + line(("2001:db8::5", 443), ("2001:db8::9", 1), ESTABLISHED, 8))[8]
    assert (found.type, found.source, found.destination) == (
        FdType.IPV6_SOCK, packed("2001:db8::5"), packed("2001:db8::9"),
    )  # fmt: skip


def test_v4_mapped_connections_are_ipv4_and_served_by_a_v6_listener():
    lines = line(("::", 80), NONE6, LISTEN, 5) + line(("::ffff:10.0.0.5", 80), ("::ffff:10.0.0.9", 9), ESTABLISHED, 6)
    found = sockets(tcp6=HEAD + lines)
    assert (found[5].type, found[5].destination) == (FdType.IPV6_SERVSOCK, bytes(16))
    assert (found[6].type, found[6].role) == (FdType.IPV4_SOCK, Role.SERVER)
    assert (found[6].source, found[6].destination) == (packed("10.0.0.9"), packed("10.0.0.5"))


def test_a_v4_mapped_listener_is_ipv4():
    found = sockets(tcp6=HEAD + line(("::ffff:127.0.0.1", 80), NONE6, LISTEN, 5))[5]
    assert (found.type, found.destination) == (FdType.IPV4_SERVSOCK, packed("127.0.0.1"))


@pytest.mark.parametrize(
    ("name", "l4proto", "kind"),
    [
        ("udp", L4.UDP, FdType.IPV4_SERVSOCK),
        ("udplite", L4.UDP, FdType.IPV4_SERVSOCK),
        ("raw", L4.RAW, FdType.IPV4_SOCK),
    ],
)
def test_protocols(name, l4proto, kind):
    found = sockets(**{name: HEAD + line(("10.0.0.5", 17), NONE, CLOSE, 5)})[5]
    assert (found.l4proto, found.type) == (l4proto, kind)


def test_a_raw_socket_has_no_ports():
    found = sockets(raw6=HEAD + line(("2001:db8::5", 58), NONE6, CLOSE, 5))[5]
    assert (found.type, found.source_port, found.destination_port) == (FdType.IPV6_SOCK, 0, 0)


UNIX = (
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "00000000563a67b0: 00000003 00000000 00000000 0001 03  1266\n"
    "00000000e9025c35: 00000002 00000000 00010000 0001 01  1267 /run/a b.sock\n"
    "00000000e9025c36: 00000002 00000000 00010000 0001 01  1268 @abstract\n"
)


def test_unix_sockets_have_pointers_and_paths():
    found = sockets(unix=UNIX)
    assert [(f.type, f.name, f.source_pointer) for f in found.values()] == [
        (FdType.UNIX_SOCK, "", 0x563A67B0),
        (FdType.UNIX_SOCK, "/run/a b.sock", 0xE9025C35),
        (FdType.UNIX_SOCK, "@abstract", 0xE9025C36),
    ]


def test_a_name_with_newlines_does_not_hide_other_sockets():
    evil = "00000000e9025c34: 00000002 00000000 00010000 0001 01  9 /x\nnonsense\n0: 1 2\n\udcff\n"
    found = sockets(unix=UNIX.replace("Path\n", "Path\n" + evil))
    assert (found[9].name, found[1267].name) == ("/x", "/run/a b.sock")


def test_a_socket_keeps_its_line_when_a_name_forges_another():
    forged = UNIX + "00000000e9025c34: 00000002 00000000 00010000 0001 01  9 /x\n00000000ee: 2 0 0 1 1 1267 /forged\n"
    assert sockets(unix=forged)[1267].name == "/run/a b.sock"


NETLINK = (
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
    "00000000885992b5 0   0          00000000 0        0        0     2        0        4       \n"
)


def test_netlink_sockets():
    assert [(inode, fd.type) for inode, fd in sockets(netlink=NETLINK).items()] == [(4, FdType.NETLINK)]


@pytest.mark.parametrize(
    "bad", ["   0: 1 2\n", HEAD, "   0: zz:1 00000000:0 0A 0 0 0 0 0 0 5\n", "0: " + "1 " * 20 + "\n"]
)
def test_a_line_that_makes_no_sense_is_an_error(bad):
    with pytest.raises(ProcError):
        parse_inet((HEAD + bad).encode(), L4.TCP, {}, set())


def test_netlink_that_makes_no_sense_is_an_error():
    with pytest.raises(ProcError):
        parse_netlink(b"head\n1 2 3\n", {})


def test_what_stands_before_nonsense_counts_and_other_files_too():
    found = sockets(tcp=HEAD + line(WEB, PEER, ESTABLISHED, 6) + "nonsense\n", netlink=NETLINK)
    assert set(found) == {6, 4}


def test_a_cut_last_line_is_left_out():
    rows: procfs_sockets.Sockets = {}
    parse_inet((HEAD + line(WEB, PEER, ESTABLISHED, 6) + "   1: 0100").encode(), L4.TCP, rows, set())
    assert set(rows) == {6}


def test_a_cut_unix_line_is_passed_over():
    rows: procfs_sockets.Sockets = {}
    parse_unix(UNIX[:-30].encode(), rows)
    assert set(rows) == {1266, 1267}


def test_a_namespace_is_read_once():
    asked = []

    def reading(name: str) -> bytes:
        asked.append(name)
        return UNIX.encode() if name == "net/unix" else b""

    namespaces = Namespaces()
    assert namespaces.of(1, reading) is namespaces.of(1, reading)
    assert asked.count("net/unix") == 1
    assert namespaces.of(2, read()) == {}


def test_a_namespace_whose_process_goes_meanwhile_is_read_again():
    namespaces = Namespaces()
    first = namespaces.of(1, read(tcp=HEAD + line(WEB, PEER, ESTABLISHED, 6)))
    assert (set(first), set(namespaces.of(1, read(unix=UNIX)))) == ({6}, {1266, 1267, 1268})


def test_what_is_of_no_known_namespace_is_not_kept():
    namespaces = Namespaces()
    assert len(namespaces.of(None, read(unix=UNIX))) == 3
    assert namespaces.known == {}


def test_sockets_are_bounded(monkeypatch):
    monkeypatch.setattr(procfs_sockets, "MAX_SOCKETS", 2)
    namespaces = Namespaces()
    assert (len(namespaces.of(1, read(unix=UNIX))), namespaces.refused) == (2, 1)


def test_namespaces_are_bounded(monkeypatch):
    monkeypatch.setattr(procfs_sockets, "MAX_NAMESPACES", 1)
    namespaces = Namespaces()
    assert [len(namespaces.of(inode, read(unix=UNIX))) for inode in (1, 2)] == [3, 0]
    assert namespaces.refused == 1


@pytest.mark.parametrize(
    ("family", "kind", "expected"),
    [
        (socket.AF_INET, socket.SOCK_STREAM, (FdType.IPV4_SOCK, L4.TCP, bytes(4))),
        (socket.AF_INET6, socket.SOCK_DGRAM, (FdType.IPV6_SOCK, L4.UDP, bytes(16))),
        (socket.AF_UNIX, socket.SOCK_STREAM, (FdType.UNIX_SOCK, L4.UNKNOWN, b"")),
    ],
)
def test_a_socket_in_no_list_is_known_by_its_protocol(family, kind, expected):
    with socket.socket(family, kind) as made:
        found = by_protocol(f"/proc/self/fd/{made.fileno()}", 12)
    assert (found.type, found.l4proto, found.destination, found.ino) == (*expected, 12)


def test_a_socket_of_which_nothing_can_be_had_is_unknown(tmp_path):
    assert by_protocol(str(tmp_path / "none"), 12).type == FdType.UNKNOWN
