import pytest

from falco.events.decode import SockTuple
from falco.state.fds import L4, FdInfo, FdType, Role
from tests.events import addr, ends
from tests.facts import fd_fact, marks_fact
from tests.unit.state.conftest import (
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    AF_UNIX,
    DGRAM,
    HTTP,
    ICMP,
    RAW,
    fds,
    socket,
)  # fmt: skip


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


def test_the_first_datagram_of_several_names_the_socket(box):
    socket(box, 3, AF_INET, DGRAM)
    event = box.event("SOCKET_SENDMMSG_X", res=2, fd=3, tuple=ends("10.0.0.5:1->8.8.8.8:53"))
    assert (event.fd.name, event.fd_name_changed, event.fd.l4proto) == ("10.0.0.5:1->8.8.8.8:53", True, L4.UDP)
    event = box.event("SOCKET_SENDMMSG_X", res=-1, fd=3, tuple=ends("10.0.0.5:1->8.8.4.4:53"))
    assert event.fd.name == "10.0.0.5:1->8.8.8.8:53"


FACT = fd_fact(3, FdType.IPV4_SOCK, ends(HTTP), role=1, l4proto=L4.TCP, connected=True)


@pytest.mark.parametrize("symbol", ["SOCKET_SENDTO_X", "SOCKET_SENDMSG_X", "SOCKET_SENDMMSG_X"])
@pytest.mark.parametrize("result", [1, -115])
def test_sending_with_fast_open_connects(box, symbol, result):
    socket(box, 3)
    event = box.event(symbol, res=result, fd=3, tuple=ends(HTTP), extra=[FACT, marks_fact(8)], count=99)
    assert (event.fd.name, event.fd.role, event.fd.connected) == (HTTP, Role.CLIENT, True)
    assert event.fd_name_changed
    again = box.event(symbol, res=1, fd=3, tuple=ends(HTTP), extra=[FACT], count=99)
    assert (again.fd.name, again.fd_name_changed) == (HTTP, False)


def test_a_fast_open_that_tells_no_ends_changes_nothing(box):
    socket(box, 3)
    assert not box.event("SOCKET_SENDTO_X", res=1, fd=3, tuple=None, extra=[marks_fact(8)], count=99).fd_name_changed
