from __future__ import annotations

import pytest

from falco.fields import fd_net
from falco.fields.field import Many, Use
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import Interfaces
from falco.state.snapshot import Interface
from tests.unit.fields.reading import one, read

CLIENT, SERVER = bytes((127, 0, 0, 1)), bytes((10, 0, 0, 1))


def value(name, event):
    return read(fd_net.FIELDS, f"fd.{name}", event)


def values(event, *names):
    return [value(name, event) for name in names]


@pytest.fixture
def event(event_of):
    return event_of("SYSCALL_READ_E", 5, 10, fd=5)


def local(state, *addresses):
    mask = bytes((255, 255, 255, 0))
    state.interfaces = Interfaces(Interface("eth0", address, mask, mask) for address in addresses)


def test_ends_by_client_and_server(event):
    assert values(event, "cip", "sip", "cport", "sport", "cproto", "sproto") == [
        CLIENT,
        SERVER,
        4000,
        80,
        "4000",
        "80",
    ]
    assert values(event, "cnet", "snet", "l4proto", "sockfamily", "connected") == [CLIENT, SERVER, "tcp", "ip", False]


def test_either_end(event):
    assert values(event, "ip", "port", "net", "proto") == [(CLIENT, SERVER), (4000, 80)] * 2
    for name in ("fd.ip", "fd.port", "fd.net", "fd.proto"):
        field = one(fd_net.FIELDS, name)
        assert (field.many, field.use) == (Many.ENDS, Use.FILTER_ONLY)


def test_local_is_the_source_if_that_is_an_address_of_the_host(event, state):
    local(state, CLIENT)
    assert values(event, "lip", "rip", "lport", "rport") == [CLIENT, SERVER, 4000, 80]
    assert values(event, "lproto", "rproto", "lnet", "rnet") == ["4000", "80", CLIENT, SERVER]
    assert value("is_server", event) is False


def test_local_is_the_destination_otherwise(event, state):
    local(state, SERVER)
    assert values(event, "lip", "rip", "lport", "rport") == [SERVER, CLIENT, 80, 4000]
    assert value("is_server", event) is True


def test_without_a_role_only_either_end_is_known(event, process):
    process.fds[5].role = Role.NONE
    names = ("cip", "sip", "lip", "rip", "cport", "sport", "lport", "rport", "cproto", "sproto", "lproto", "rproto")
    assert values(event, *names) == [None] * len(names)
    assert values(event, "ip", "l4proto") == [(CLIENT, SERVER), "<NA>"]


def test_raw_sockets_have_their_transport_without_a_role(event, process):
    process.fds[5].role, process.fds[5].l4proto = Role.NONE, L4.RAW
    assert value("l4proto", event) == "raw"


def test_a_bound_socket_has_a_server_end_only(event, process):
    bound = process.fds[5]
    bound.type, bound.role, bound.source, bound.source_port = FdType.IPV4_SERVSOCK, Role.SERVER, b"", 0
    assert values(event, "sip", "sport", "ip", "port") == [SERVER, 80, (SERVER,), (80,)]
    assert values(event, "cip", "lip", "rip", "cport", "lport", "is_server") == [None] * 5 + [True]
    # The texts of ports are empty here, as they are in 0.15.
    assert values(event, "cproto", "sproto", "lproto") == ["", "", None]


def test_an_address_that_is_not_there_yet_is_all_zeros(event_of, process):
    process.fds[8].role = Role.CLIENT
    event = event_of("SYSCALL_READ_E", 8, 10, fd=8)
    assert values(event, "cip", "sip", "ip") == [bytes(16), bytes(16), (bytes(16), bytes(16))]


def test_unix_sockets_have_a_family_and_nothing_else(event_of, process):
    event = event_of("SYSCALL_READ_E", 7, 10, fd=7)
    assert values(event, "sockfamily", "l4proto", "is_server", "ip", "port", "cproto") == [
        "unix",
        "<NA>",
        False,
        (),
        (),
        None,
    ]
    process.fds[7].role = Role.CLIENT
    assert values(event, "cport", "cip", "cproto", "sproto") == [None, None, "", None]


def test_files_have_no_addresses(event_of):
    event = event_of("SYSCALL_READ_E", 3, 10, fd=3)
    found = {field.name: value(field.name.removeprefix("fd."), event) for field in fd_net.FIELDS}
    assert {name: found[name] for name in found if found[name] not in (None, ())} == {
        "fd.l4proto": "<NA>",
        "fd.is_server": False,
        "fd.connected": False,
    }


def test_without_an_fd_there_is_no_value(event_of):
    for event in (event_of("SYSCALL_READ_E", 99, 10, fd=99), event_of("SYSCALL_CHDIR_X", 0, "/", fd=5)):
        assert {value(field.name.removeprefix("fd."), event) for field in fd_net.FIELDS} == {None, ()}


def test_datagrams(event, process):
    process.fds[5] = FdInfo(FdType.IPV4_SOCK, "x")
    process.fds[5].l4proto, process.fds[5].role = L4.UDP, Role.CLIENT
    event.fd = process.fds[5]
    assert values(event, "l4proto", "sip") == ["udp", bytes(4)]
