import pytest

from falco.events.decode import SockAddr, SockTuple
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import address_text
from tests.events import addr, ends

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET = 1, 2, 10, 16, 17
STREAM, DGRAM, RAW, CLOEXEC = 1, 2, 3, 0x80000
TCP, UDP, ICMP, IPPROTO_RAW = 6, 17, 1, 255
HTTP = "10.0.0.5:4000->93.1.1.1:80"


def fds(box, tid=7):
    return box.state.threads[tid].main.fds


def socket(box, fd, domain=AF_INET, type=STREAM, proto=0):
    return box.call("SOCKET_SOCKET", {"domain": domain, "type": type, "proto": proto}, fd=fd)


def source_and_destination(fd):
    return f"{address_text(fd.source)}:{fd.source_port}", f"{address_text(fd.destination)}:{fd.destination_port}"


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


def receive(box, fd, text, res=1, call="SOCKET_RECVFROM"):
    return box.call(call, {"fd": fd}, res=res, tuple=ends(text) if text else None)


def send(box, fd, text, res=1, call="SOCKET_SENDTO"):
    return box.call(call, {"fd": fd, "tuple": ends(text) if text else None}, res=res)


@pytest.mark.parametrize("call", ["SOCKET_RECVFROM", "SOCKET_RECVMSG"])
def test_what_receives_first_is_a_server(box, call):
    socket(box, 3, AF_INET, DGRAM)
    event = receive(box, 3, "10.0.0.9:5353->10.0.0.5:53", call=call)
    assert (event.fd.name, event.fd.role, event.fd.connected) == ("10.0.0.9:5353->10.0.0.5:53", Role.SERVER, True)
    assert event.fd_name_changed
    event = receive(box, 3, "10.0.0.9:5353->10.0.0.5:53", call=call)
    assert not event.fd_name_changed
    event = send(box, 3, "10.0.0.5:53->10.0.0.10:99")
    assert event.fd.name == "10.0.0.10:99->10.0.0.5:53"


@pytest.mark.parametrize("call", ["SOCKET_SENDTO", "SOCKET_SENDMSG"])
def test_what_sends_first_is_a_client(box, call):
    socket(box, 3, AF_INET, DGRAM)
    event = send(box, 3, "0.0.0.0:0->8.8.8.8:53", call=call)
    assert (event.fd.name, event.fd.role) == ("10.0.0.5:0->8.8.8.8:53", Role.CLIENT)
    event = receive(box, 3, "8.8.8.8:53->10.0.0.5:40000")
    assert event.fd.name == "10.0.0.5:40000->8.8.8.8:53"


def test_an_ipv6_socket_is_a_client(box):
    socket(box, 3, AF_INET6, DGRAM)
    fd = receive(box, 3, "2001:db8::9:5353->2001:db8::5:54").fd
    assert (fd.type, fd.name, fd.role) == (FdType.IPV6_SOCK, "2001:db8::5:54->2001:db8::9:5353", Role.CLIENT)


def test_a_bound_socket_keeps_its_protocol_and_role(box):
    socket(box, 3, AF_INET, DGRAM)
    box.call("SOCKET_BIND", {"fd": 3}, res=0, addr=addr("0.0.0.0:53"))
    fd = receive(box, 3, "10.0.0.9:5353->10.0.0.5:53").fd
    assert (fd.type, fd.l4proto, fd.role) == (FdType.IPV4_SOCK, L4.UDP, Role.SERVER)
    assert fd.name == "10.0.0.9:5353->10.0.0.5:53"


def test_an_unknown_protocol_is_udp(box):
    socket(box, 3, AF_INET, RAW, 0)
    assert send(box, 3, "10.0.0.5:0->8.8.8.8:0").fd.l4proto == L4.UDP


def test_raw_sockets_have_no_ports(box):
    socket(box, 3, AF_INET, RAW, ICMP)
    assert send(box, 3, "10.0.0.5:0->8.8.8.8:0").fd.name == "10.0.0.5->8.8.8.8"


@pytest.mark.parametrize("move", [receive, send])
def test_a_tcp_connection_keeps_its_ends(box, move):
    socket(box, 3)
    box.call("SOCKET_CONNECT", {"fd": 3}, res=0, tuple=ends(HTTP))
    assert move(box, 3, "1.1.1.1:1->2.2.2.2:2").fd.name == HTTP


@pytest.mark.parametrize("move", [receive, send])
def test_a_nameless_tcp_socket_takes_them(box, move):
    socket(box, 3)
    assert move(box, 3, "1.1.1.1:1->2.2.2.2:2").fd.name == "1.1.1.1:1->2.2.2.2:2"


@pytest.mark.parametrize("move", [receive, send])
@pytest.mark.parametrize("text", ["1.1.1.1:1->2.2.2.2:2", None])
def test_a_failed_transfer_changes_nothing(box, move, text):
    socket(box, 3, AF_INET, DGRAM)
    event = move(box, 3, text, res=-11)
    assert (event.fd.name, event.fd.connected, event.fd.role) == ("", False, Role.NONE)


@pytest.mark.parametrize("move", [receive, send])
def test_a_transfer_without_address_only_connects(box, move):
    socket(box, 3, AF_INET, DGRAM)
    event = move(box, 3, None)
    assert (event.fd.name, event.fd.connected, event.fd.role) == ("", True, Role.NONE)


@pytest.mark.parametrize("move", [receive, send])
def test_unix_datagrams(box, move):
    socket(box, 3, AF_UNIX, DGRAM)
    fd = move(box, 3, "a1->b2 /run/x.sock").fd
    assert (fd.type, fd.name, fd.source_pointer, fd.destination_pointer) == (
        FdType.UNIX_SOCK,
        "a1->b2 /run/x.sock",
        0xA1,
        0xB2,
    )


def test_other_families_are_named(box):
    socket(box, 3, AF_NETLINK)
    fd = box.call("SOCKET_SENDTO", {"fd": 3, "tuple": SockTuple(AF_NETLINK)}, res=1).fd
    assert (fd.type, fd.name) == (FdType.NETLINK, "family 16")


def test_send_without_enter(box):
    socket(box, 3, AF_INET, DGRAM)
    assert box.event("SOCKET_SENDTO_X", res=1).fd is None
    values = {"fd": 3, "size": 1, "tuple": ends("10.0.0.5:1->8.8.8.8:53")}
    assert box.event("SOCKET_SENDTO_X", res=1, **values).fd.name == "10.0.0.5:1->8.8.8.8:53"
    assert box.event("SOCKET_SENDMSG_X", res=1, **{**values, "tuple": ends("10.0.0.5:1->8.8.4.4:53")}).fd.name.endswith(
        "8.8.4.4:53"
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [("0.0.0.0:0->8.8.8.8:53", FdType.IPV4_SOCK), ("::ffff:1.1.1.1:0->::ffff:8.8.8.8:53", FdType.IPV6_SOCK)],
)
def test_sendto_on_an_unknown_fd_means_a_udp_socket(box, text, kind):
    event = box.event("SOCKET_SENDTO_E", fd=3, tuple=ends(text))
    fd = event.fd
    assert fds(box)[3] is fd
    assert (fd.type, fd.l4proto, fd.name, fd.role) == (kind, L4.UDP, "", Role.NONE)
    assert not any(fd.source)
    fd = box.event("SOCKET_SENDTO_X", res=1).fd
    assert fd.name.endswith("8.8.8.8:53")


@pytest.mark.parametrize(
    ("symbol", "fd", "text"),
    [
        ("SOCKET_SENDTO_E", -1, "0.0.0.0:0->8.8.8.8:53"),
        ("SOCKET_SENDTO_E", 3, None),
        ("SOCKET_SENDTO_E", 3, "a1->b2 /run/x.sock"),
        ("SOCKET_SENDMSG_E", 3, "0.0.0.0:0->8.8.8.8:53"),
    ],
)
def test_other_unknown_fds_stay_unknown(box, symbol, fd, text):
    assert box.event(symbol, fd=fd, tuple=ends(text) if text else None).fd is None
    assert not fds(box)


@pytest.mark.parametrize(
    ("kind", "res", "connected"), [(FdType.IPV4_SOCK, 5, True), (FdType.IPV4_SOCK, -11, False), (FdType.FIFO, 5, False)]
)
def test_any_transfer_connects(box, kind, res, connected):
    fds(box)[3] = FdInfo(kind)
    assert box.call("SYSCALL_READ", {"fd": 3}, res=res).fd.connected is connected
    fds(box)[3] = FdInfo(kind)
    assert box.call("SYSCALL_WRITEV", {"fd": 3}, res=res).fd.connected is connected


@pytest.mark.parametrize(
    ("call", "enter", "values"),
    [
        ("SOCKET_BIND", {}, {"addr": addr("10.0.0.5:80")}),
        ("SOCKET_CONNECT", {}, {"tuple": ends(HTTP)}),
        ("SOCKET_RECVFROM", {}, {"tuple": ends(HTTP)}),
        ("SOCKET_SENDTO", {"tuple": ends(HTTP)}, {}),
    ],
)
def test_a_file_that_turns_out_to_be_a_socket_is_none_of_the_parent_s(box, call, enter, values):
    shell = fds(box)[3] = FdInfo(FdType.FILE_V2, "/stale")
    box.event("SYSCALL_FORK_20_X", res=200, tid_=7, pid=7, ptid=1, vtid=7, vpid=7)
    assert fds(box, 200)[3] is shell
    fd = box.call(call, {"fd": 3, **enter}, tid=200, res=0, **values).fd
    assert fds(box, 200)[3] is fd
    assert fd.name.endswith(":80")
    assert (shell.name, shell.type, fds(box)[3]) == ("/stale", FdType.FILE_V2, shell)


def test_a_socket_of_a_child_changes_alone(box):
    socket(box, 3)
    box.event("SYSCALL_FORK_20_X", res=200, tid_=7, pid=7, ptid=1, vtid=7, vpid=7)
    box.call("SOCKET_CONNECT", {"fd": 3}, tid=200, res=0, tuple=ends(HTTP))
    assert (fds(box, 200)[3].name, fds(box)[3].name) == (HTTP, "")


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
