from __future__ import annotations

import socket
import struct

import pytest

from falco.capture.live.procfs_interfaces import attributes, interfaces, messages, parse
from falco.capture.live.procfs_text import ProcError
from falco.state.network import packed
from falco.state.snapshot import Interface

NEWLINK, NEWADDR, DONE = 16, 20, 3
ADDRESS, LOCAL, LABEL, BROADCAST = 1, 2, 3, 4


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body + bytes(-len(body) % 4)


def link(index: int, name: bytes) -> bytes:
    return message(NEWLINK, struct.pack("=BxHiII", 0, 1, index, 0, 0) + attribute(3, name + b"\0"))


def address(family: int, prefix: int, index: int, **given: bytes) -> bytes:
    kinds = {"address": ADDRESS, "local": LOCAL, "label": LABEL, "broadcast": BROADCAST}
    rest = b"".join(attribute(kinds[name], value) for name, value in given.items())
    return message(NEWADDR, struct.pack("=BBBBi", family, prefix, 0, 0, index) + rest)


LINKS = [link(1, b"lo") + link(2, b"eth0"), message(DONE, bytes(4))]


def test_ipv4_has_its_mask_and_broadcast():
    there, broadcast = packed("10.0.0.5"), packed("10.0.3.255")
    row = address(socket.AF_INET, 22, 2, address=there, local=there, label=b"eth0:1\0", broadcast=broadcast)
    assert parse(LINKS, [row]) == [Interface("eth0:1", there, packed("255.255.252.0"), broadcast)]


def test_ipv6_is_named_by_its_link():
    there = packed("2001:db8::5")
    assert parse(LINKS, [address(socket.AF_INET6, 64, 2, address=there)]) == [
        Interface("eth0", there, packed("ffff:ffff:ffff:ffff::"), bytes(16))
    ]


def test_of_a_point_to_point_link_the_own_end_counts():
    row = address(socket.AF_INET, 32, 1, address=packed("10.0.0.9"), local=packed("10.0.0.5"))
    assert [found.address for found in parse(LINKS, [row])] == [packed("10.0.0.5")]


@pytest.mark.parametrize(
    "row",
    [
        address(socket.AF_UNIX, 24, 1, address=bytes(4)),
        address(socket.AF_INET, 24, 1, address=bytes(5)),
        address(socket.AF_INET, 24, 1),
        message(NEWADDR, b"\2"),
    ],
    ids=["family", "size", "none", "short"],
)
def test_addresses_that_make_no_sense_are_passed_over(row):
    assert parse(LINKS, [row]) == []


def test_a_prefix_longer_than_the_address_is_all_of_it():
    row = address(socket.AF_INET, 200, 1, address=packed("10.0.0.5"))
    assert [found.netmask for found in parse(LINKS, [row])] == [packed("255.255.255.255")]


@pytest.mark.parametrize("size", [0, 15, 17, 1 << 31])
def test_lengths_that_do_not_fit_are_an_error(size):
    with pytest.raises(ProcError):
        list(messages(struct.pack("=IHHII", size, 2, 2, 1, 0)))
    with pytest.raises(ProcError):
        attributes(struct.pack("=HH", size & 3, 1), 0)


def test_the_kernel_tells_of_the_loopback(tree):
    # The tree has no namespace to enter, so these are the addresses of our own.
    found = {(row.address, row.netmask) for row in interfaces(tree.host)}
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 0))
        except OSError:
            pytest.skip("no loopback address")
    assert (packed("127.0.0.1"), packed("255.0.0.0")) in found
