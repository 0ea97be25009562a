"""A small machine that the tests of state let events happen on."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest

from falco.state.network import address_text
from falco.state.snapshot import Interface, Snapshot
from falco.state.state import State
from falco.state.threads import CLONE_THREAD
from tests.events import Builder, process

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.fds import FdInfo

CLONE_FILES = 1
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET = 1, 2, 10, 16, 17
STREAM, DGRAM, RAW, CLOEXEC = 1, 2, 3, 0x80000
TCP, UDP, ICMP, IPPROTO_RAW = 6, 17, 1, 255
HTTP = "10.0.0.5:4000->93.1.1.1:80"


def interface(name: str, address: str, mask: str) -> Interface:
    packed, netmask = ipaddress.ip_address(address).packed, ipaddress.ip_address(mask).packed
    return Interface(name, packed, netmask, packed)


INTERFACES = [
    interface("lo", "127.0.0.1", "255.0.0.0"),
    interface("eth0", "10.0.0.5", "255.255.255.0"),
    interface("lo", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    interface("eth0", "2001:db8::5", "ffff:ffff:ffff:ffff::"),
]


def machine(all_events: bool = True) -> State:
    """init (1), a shell (7) with cwd /home/u/, a server (100) with a second thread (101)."""
    state = State(all_events)
    threads = [
        process(1, ptid=0, comm="init"),
        process(7, comm="sh", exe="/bin/sh", exepath="/bin/sh", cwd="/home/u", uid=1000, gid=1000),
        process(
            100, comm="srv", exe="/bin/srv", exepath="/bin/srv", cwd="/srv", args=["-d"], env=["A=1"],
            sid=90, vpgid=91, tty=4, loginuid=5, root="/", cgroups=(("cpu", "/system"),),
        ),
        process(101, 100, 100, comm="worker", exe="/bin/srv", flags=CLONE_THREAD | CLONE_FILES, loginuid=6),
    ]  # fmt: skip
    state.load(Snapshot(interfaces=list(INTERFACES), threads={thread.tid: thread for thread in threads}))
    return state


@pytest.fixture
def box() -> Builder:
    """Events on machine(), with -A; those of the shell unless a tid is given."""
    return Builder(machine(), tid=7)


def fds(box: Builder, tid: int = 7) -> dict[int, FdInfo]:
    assert box.state is not None
    return box.state.threads[tid].main.fds


def socket(box: Builder, fd: int, domain: int = AF_INET, type: int = STREAM, proto: int = 0) -> Event:
    return box.call("SOCKET_SOCKET", {"domain": domain, "type": type, "proto": proto}, fd=fd)


def source_and_destination(fd: FdInfo) -> tuple[str, str]:
    return f"{address_text(fd.source)}:{fd.source_port}", f"{address_text(fd.destination)}:{fd.destination_port}"
