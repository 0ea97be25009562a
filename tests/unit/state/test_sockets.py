import pytest

from falco.events.decode import SockAddr, SockTuple
from falco.state.fds import L4, FdType, Role
from tests.events import addr, ends
from tests.unit.state.conftest import (
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    AF_PACKET,
    AF_UNIX,
    CLOEXEC,
    DGRAM,
    HTTP,
    ICMP,
    IPPROTO_RAW,
    RAW,
    STREAM,
    TCP,
    UDP,
    fds,
    socket,
    source_and_destination,
)  # fmt: skip


@pytest.mark.parametrize(
    ("domain", "type", "proto", "kind", "l4proto"),
    [
        (AF_INET, STREAM, 0, FdType.IPV4_SOCK, L4.TCP),
        (AF_INET, DGRAM, 0, FdType.IPV4_SOCK, L4.UDP),
        (AF_INET, DGRAM | CLOEXEC, 0, FdType.IPV4_SOCK, L4.UDP),
        (AF_INET, RAW, 0, FdType.IPV4_SOCK, L4.UNKNOWN),
        (AF_INET, STREAM, TCP, FdType.IPV4_SOCK, L4.TCP),
        (AF_INET, DGRAM, UDP, FdType.IPV4_SOCK, L4.UDP),
        (AF_INET, DGRAM, ICMP, FdType.IPV4_SOCK, L4.ICMP),
        (AF_INET, RAW, ICMP, FdType.IPV4_SOCK, L4.RAW),
        (AF_INET, RAW, TCP, FdType.IPV4_SOCK, L4.RAW),
        (AF_INET, RAW, UDP, FdType.IPV4_SOCK, L4.RAW),
        (AF_INET, RAW | CLOEXEC, ICMP, FdType.IPV4_SOCK, L4.ICMP),  # As 0.15 has it.
        (AF_INET, RAW, IPPROTO_RAW, FdType.IPV4_SOCK, L4.RAW),
        (AF_INET, RAW, 89, FdType.IPV4_SOCK, L4.UNKNOWN),
        (AF_INET6, STREAM, 0, FdType.IPV6_SOCK, L4.TCP),
        (AF_INET6, DGRAM, UDP, FdType.IPV6_SOCK, L4.UDP),
        (AF_UNIX, STREAM, 0, FdType.UNIX_SOCK, L4.UNKNOWN),
        (AF_NETLINK, RAW, 0, FdType.NETLINK, L4.UNKNOWN),
        (AF_PACKET, RAW, 3, FdType.UNKNOWN, L4.UNKNOWN),
    ],
)
def test_socket(box, domain, type, proto, kind, l4proto):
    fd = socket(box, 3, domain, type, proto).fd
    assert fds(box)[3] is fd
    assert (fd.type, fd.l4proto, fd.name, fd.role, fd.connected) == (kind, l4proto, "", Role.NONE, False)


def test_failed_socket(box):
    assert socket(box, -24).error == 24
    assert not fds(box)


def test_socket_without_enter(box):
    assert box.event("SOCKET_SOCKET_X", fd=3).fd is None
    assert box.event("SOCKET_SOCKET_X", fd=3, domain=AF_INET, type=DGRAM, proto=0).fd.l4proto == L4.UDP


def test_socketpair(box):
    event = box.call("SOCKET_SOCKETPAIR", res=0, fd1=3, fd2=4, source=0xA, peer=0xB)
    assert [(fd.type, fd.name, fd.source_pointer, fd.destination_pointer) for fd in fds(box).values()] == [
        (FdType.UNIX_SOCK, "", 0xA, 0xB),
        (FdType.UNIX_SOCK, "", 0xB, 0xA),
    ]
    assert event.fd_num == 4
    box.call("SOCKET_SOCKETPAIR", res=-24, fd1=5, fd2=6)
    assert fds(box).keys() == {3, 4}


@pytest.mark.parametrize(
    ("domain", "address", "kind", "name", "destination", "role"),
    [
        (AF_INET, addr("10.0.0.5:80"), FdType.IPV4_SERVSOCK, "10.0.0.5:80", "10.0.0.5:80", Role.SERVER),
        (AF_INET, addr("10.0.0.5:0"), FdType.IPV4_SOCK, "10.0.0.5:0", "0.0.0.0:0", Role.NONE),
        (AF_INET6, addr("2001:db8::5:80"), FdType.IPV6_SERVSOCK, "2001:db8::5:80", "2001:db8::5:80", Role.SERVER),
        (AF_INET6, addr("::ffff:10.0.0.5:80"), FdType.IPV4_SERVSOCK, "::ffff:10.0.0.5:80", "10.0.0.5:80", Role.SERVER),
        (AF_INET6, addr(":::80"), FdType.IPV4_SERVSOCK, ":::80", "0.0.0.0:80", Role.SERVER),
        (AF_UNIX, addr("/run/x.sock"), FdType.UNIX_SOCK, "/run/x.sock", ":0", Role.NONE),
        (AF_NETLINK, SockAddr(AF_NETLINK), FdType.NETLINK, "family 16", ":0", Role.NONE),
    ],
)
def test_bind(box, domain, address, kind, name, destination, role):
    socket(box, 3, domain)
    event = box.call("SOCKET_BIND", {"fd": 3}, res=0, addr=address)
    fd = event.fd
    assert (fd.type, fd.name, source_and_destination(fd)[1], fd.role) == (kind, name, destination, role)
    assert event.fd_name_changed
    assert not box.call("SOCKET_BIND", {"fd": 3}, res=0, addr=address).fd_name_changed


@pytest.mark.parametrize("values", [{"res": -98, "addr": addr("10.0.0.5:80")}, {"res": 0, "addr": None}])
def test_bind_that_says_nothing(box, values):
    socket(box, 3)
    fd = box.call("SOCKET_BIND", {"fd": 3}, **values).fd
    assert (fd.type, fd.name) == (FdType.IPV4_SOCK, "")


def test_bind_of_an_unknown_fd(box):
    assert box.call("SOCKET_BIND", {"fd": 3}, res=0, addr=addr("10.0.0.5:80")).fd is None
    assert not fds(box)


@pytest.mark.parametrize(
    ("domain", "given", "res", "kind", "name"),
    [
        (AF_INET, HTTP, 0, FdType.IPV4_SOCK, HTTP),
        (AF_INET, HTTP, -115, FdType.IPV4_SOCK, HTTP),
        (AF_INET, "0.0.0.0:0->93.1.1.1:80", 0, FdType.IPV4_SOCK, "0.0.0.0:0->93.1.1.1:80"),  # Not completed here.
        (AF_INET6, "::ffff:10.0.0.5:4000->::ffff:93.1.1.1:80", 0, FdType.IPV4_SOCK, HTTP),
        (AF_INET6, "2001:db8::5:1->2001:db8::6:80", 0, FdType.IPV6_SOCK, "2001:db8::5:1->2001:db8::6:80"),
        (AF_UNIX, "a1->b2 /run/x.sock", 0, FdType.UNIX_SOCK, "a1->b2 /run/x.sock"),
    ],
)
def test_connect(box, domain, given, res, kind, name):
    socket(box, 3, domain)
    event = box.call("SOCKET_CONNECT", {"fd": 3}, res=res, tuple=ends(given))
    fd = event.fd
    assert (fd.type, fd.name, fd.role, fd.connected) == (kind, name, Role.CLIENT, True)
    assert event.fd_name_changed
    assert event.path == (name if res else None)


def test_connect_keeps_the_protocol_of_a_mapped_socket(box):
    socket(box, 3, AF_INET6, DGRAM)
    fd = box.call("SOCKET_CONNECT", {"fd": 3}, res=0, tuple=ends("::ffff:10.0.0.5:4000->::ffff:8.8.8.8:53")).fd
    assert fd.l4proto == L4.UDP


def test_failed_connect_leaves_the_entry(box):
    socket(box, 3)
    event = box.call("SOCKET_CONNECT", {"fd": 3}, res=-111, tuple=ends(HTTP))
    assert (event.fd.name, event.fd.connected, event.fd.role) == ("", False, Role.NONE)
    assert (event.path, event.error) == (HTTP, 111)


def test_connect_without_address(box):
    socket(box, 3)
    event = box.call("SOCKET_CONNECT", {"fd": 3}, res=0, tuple=None)
    assert (event.fd.name, event.fd.connected, event.fd.role, event.path) == ("", True, Role.NONE, None)


def test_connect_of_an_unknown_fd_shows_what_was_tried(box):
    event = box.call("SOCKET_CONNECT", {"fd": 3}, res=0, tuple=ends(HTTP))
    assert (event.fd, event.path) == (None, HTTP)


def test_connect_of_another_family(box):
    socket(box, 3, AF_NETLINK)
    fd = box.call("SOCKET_CONNECT", {"fd": 3}, res=0, tuple=SockTuple(AF_NETLINK)).fd
    assert (fd.type, fd.name, fd.role) == (FdType.NETLINK, "family 16", Role.CLIENT)


def test_connect_of_a_udp_server_swaps(box):
    socket(box, 3, AF_INET, DGRAM)
    box.call("SOCKET_BIND", {"fd": 3}, res=0, addr=addr("10.0.0.5:53"))
    fd = box.call("SOCKET_CONNECT", {"fd": 3}, res=0, tuple=ends("10.0.0.5:53->10.0.0.9:5353")).fd
    assert (fd.name, fd.role) == ("10.0.0.9:5353->10.0.0.5:53", Role.SERVER)
    assert source_and_destination(fd) == ("10.0.0.9:5353", "10.0.0.5:53")


@pytest.mark.parametrize(
    "call", ["SOCKET_ACCEPT", "SOCKET_ACCEPT_5", "SOCKET_ACCEPT4", "SOCKET_ACCEPT4_5", "SOCKET_ACCEPT4_6"]
)
@pytest.mark.parametrize(
    ("given", "kind", "name", "l4proto"),
    [
        ("10.0.0.9:1111->10.0.0.5:80", FdType.IPV4_SOCK, "10.0.0.9:1111->10.0.0.5:80", L4.TCP),
        ("::ffff:10.0.0.9:1->::ffff:10.0.0.5:80", FdType.IPV4_SOCK, "10.0.0.9:1->10.0.0.5:80", L4.TCP),
        ("2001:db8::9:1->2001:db8::5:80", FdType.IPV6_SOCK, "2001:db8::9:1->2001:db8::5:80", L4.TCP),
        ("a1->b2 /run/x.sock", FdType.UNIX_SOCK, "a1->b2 /run/x.sock", L4.UNKNOWN),
    ],
)
def test_accept(box, call, given, kind, name, l4proto):
    event = box.call(call, fd=3, tuple=ends(given))
    fd = event.fd
    assert fds(box)[3] is fd
    assert (fd.type, fd.name, fd.l4proto, fd.role, fd.connected) == (kind, name, l4proto, Role.SERVER, True)
    assert (event.fd_num, event.fd_name_changed, event.path) == (3, True, None)


@pytest.mark.parametrize(
    ("values", "path", "number"),
    [
        ({"fd": 3, "tuple": None}, "NULL", 3),
        ({"fd": -11, "tuple": None}, "NULL", -1),
        ({"fd": -11, "tuple": ends("10.0.0.9:1111->10.0.0.5:80")}, "10.0.0.9:1111->10.0.0.5:80", -1),
        ({"fd": 3, "tuple": SockTuple(AF_NETLINK)}, "family 16", 3),
    ],
)
def test_accept_of_nothing(box, values, path, number):
    event = box.call("SOCKET_ACCEPT_5", **values)
    assert (event.fd, event.path, event.fd_num) == (None, path, number)
    assert not fds(box)


def test_getsockopt_tells_its_fd(box):
    socket(box, 3)
    event = box.call("SOCKET_GETSOCKOPT", res=0, fd=3)
    assert (event.fd, event.fd_num) == (fds(box)[3], 3)
    assert box.call("SOCKET_GETSOCKOPT", res=-9, fd=99).fd_num == 99
    assert box.call("SOCKET_GETSOCKOPT", res=0, fd=None).fd_num == -1


def test_setsockopt_does_not(box):
    socket(box, 3)
    event = box.call("SOCKET_SETSOCKOPT", res=0, fd=3)
    assert (event.fd, event.fd_num) == (None, -1)
