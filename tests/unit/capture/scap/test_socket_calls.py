from __future__ import annotations

import io
import ipaddress

import pytest

from falco.capture.scap import socket_calls, writer
from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import Stream
from falco.events.event import Event
from falco.state import snapshot
from falco.state.fds import FdType
from falco.state.network import NETWORK_TYPES
from falco.state.snapshot import Snapshot
from falco.state.state import State
from tests.events import Builder, addr, build, ends, process
from tests.unit.capture.scap.recording import tables


def through_a_file(state):
    """What a reader of the state's snapshot and retold sockets knows, and how many events it was told."""
    now = snapshot.of(state)
    told = [*socket_calls.retell(now, 5)]
    end = build("SYSCALL_READ_E", tid=99, ts=6, fd=1)
    other = State(all_events=True)
    reader = Reader(
        Stream(io.BytesIO(b"".join((*writer.section(now), *told, end.block()))), "x"), Event(other), other.load
    )
    for event in reader:
        if event.tid == 99:
            break
        assert (event.hidden, event.ts) == (True, 5)
        other.apply(event)
        other.settle()
    return other, len(told)


@pytest.fixture
def builder():
    state = State(all_events=True)
    state.load(Snapshot(threads={7: process(7), 8: process(8)}))
    return Builder(state)


def socket(builder, domain="AF_INET", type=1, proto=0, fd=3):
    builder.call("SOCKET_SOCKET", {"domain": domain, "type": type, "proto": proto}, fd=fd)


def bind(builder, address, fd=3):
    builder.call("SOCKET_BIND", {"fd": fd}, res=0, addr=addr(address))


def connect(builder, tuple_, fd=3):
    builder.call("SOCKET_CONNECT", {"fd": fd}, res=0, tuple=ends(tuple_))


def accept(builder, tuple_, fd=4):
    builder.call("SOCKET_ACCEPT_5", fd=fd, tuple=ends(tuple_))


def receive(builder, tuple_, fd=3):
    builder.call("SOCKET_RECVFROM", {"fd": fd, "size": 9}, res=1, data=b"x", tuple=ends(tuple_))


def send(builder, tuple_, fd=3):
    builder.call("SOCKET_SENDTO", {"fd": fd, "size": 9, "tuple": ends(tuple_)}, res=1, data=b"x")


def fresh(builder):
    socket(builder)
    socket(builder, type=2, fd=4)
    socket(builder, type=3, proto=1, fd=5)
    socket(builder, "AF_INET6", fd=6)


def client(builder):
    socket(builder)
    connect(builder, "10.0.0.1:1234->10.0.0.2:80")


def client_v6(builder):
    socket(builder, "AF_INET6")
    connect(builder, "fe80::1:1234->fe80::2:80")


def datagram_client(builder):
    socket(builder, type=2)
    connect(builder, "10.0.0.1:1234->10.0.0.2:53")


def server(builder):
    socket(builder)
    bind(builder, "0.0.0.0:80")
    accept(builder, "10.0.0.2:999->10.0.0.1:80")


def server_v6(builder):
    socket(builder, "AF_INET6")
    bind(builder, "fe80::1:80")
    accept(builder, "fe80::2:999->fe80::1:80")


def server_that_listens_no_more(builder):
    server(builder)
    builder.call("SYSCALL_CLOSE", {"fd": 3}, res=0)


def datagram_server(builder):
    socket(builder, type=2)
    bind(builder, "0.0.0.0:53")
    receive(builder, "10.0.0.2:999->10.0.0.1:53")


def peer_that_receives(builder):
    socket(builder, type=2)
    receive(builder, "10.0.0.2:999->10.0.0.1:53")


def peer_that_sends(builder):
    socket(builder, type=2)
    send(builder, "10.0.0.2:999->10.0.0.1:53")


def pinger(builder):
    socket(builder, type=3, proto=1)
    send(builder, "10.0.0.2:0->10.0.0.1:0")


def bound(builder):
    socket(builder, "AF_INET6")
    bind(builder, ":::80")
    socket(builder, "AF_INET6", fd=5)
    bind(builder, "::ffff:10.0.0.5:81", fd=5)
    socket(builder, "AF_INET6", fd=6)
    bind(builder, "fe80::5:82", fd=6)
    socket(builder, fd=7)
    bind(builder, "10.0.0.5:83", fd=7)


def client_from_a_port_that_is_served(builder):
    socket(builder)
    bind(builder, "0.0.0.0:5000")
    builder.tid = 8
    socket(builder)
    connect(builder, "10.0.0.1:5000->10.0.0.2:80")


LIVES = [
    fresh, client, client_v6, datagram_client, server, server_v6, server_that_listens_no_more, datagram_server,
    client_from_a_port_that_is_served, peer_that_receives, peer_that_sends, pinger, bound,
]  # fmt: skip


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_a_reader_knows_the_sockets_as_they_are(builder, life):
    life(builder)
    builder.state.settle()
    assert any(fd.type in NETWORK_TYPES for t in builder.state.threads.values() for fd in t.fds.values())
    assert tables(through_a_file(builder.state)[0])["threads"] == tables(builder.state)["threads"]


def test_nothing_is_told_of_a_socket_that_a_list_says_right(builder):
    client(builder)
    assert through_a_file(builder.state)[1] == 0


def test_sockets_with_odd_values_do_no_harm(builder):
    socket(builder, type=77, proto=200)
    fd = builder.state.threads[7].fds.pop(3)
    fd.l4proto, fd.destination_port, fd.name = 250, 1 << 20, "odd"
    builder.state.threads[7].fds[1 << 70] = fd
    other = through_a_file(builder.state)[0]
    assert other.threads[7].fds[0].destination == ipaddress.ip_address("0.0.0.0").packed
    assert other.threads[7].fds[0].type == FdType.IPV4_SOCK
