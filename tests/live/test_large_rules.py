"""Rule sets that are large: Falco starts with them, says which calls it sends for want of room, and misses nothing."""

from __future__ import annotations

import os
import socket

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

FIRST_PORT = 20000
OPENED, SENT = 23, 17


def rule(number, condition):
    return (
        f"- rule: Rule {number}\n  desc: One of many.\n  condition: evt.dir=< and {condition}\n"
        '  output: "%fd.name"\n  priority: INFO\n'
    )  # fmt: skip


def files_and_ports(place, count):
    """Half of the rules look at opens of a file of their own, half at datagrams to a port of their own."""
    for number in range(count):
        if number % 2:
            yield rule(number, f"evt.type=openat and fd.num >= 0 and fd.name startswith {place}/file-{number}-")
        else:
            yield rule(number, f"evt.type=sendto and fd.typechar=4 and fd.sport={FIRST_PORT + number}")


def networks(place, count):
    """One rule for the last but one file and one for the last but one port, the latter in many networks."""
    nets = ", ".join(f"10.{number // 250}.{number % 250}.0/24" for number in range(count))
    yield rule(count - 1, f"evt.type=openat and fd.num >= 0 and fd.name startswith {place}/file-{count - 1}-")
    port = FIRST_PORT + count - 2
    yield rule(count - 2, f"evt.type=sendto and fd.typechar=4 and fd.sport={port} and fd.snet in ({nets}, 127.0.0.0/8)")


NO_ROOM = r"Every sendto call leaves the kernel: the rules test too much \(1\d\d\d comparisons, 512 fit\)"


@pytest.mark.parametrize(
    ("rules", "count", "no_room"),
    [(files_and_ports, 500, False), (files_and_ports, 2000, True), (networks, 1000, True)],
    ids=["500 rules", "2000 rules", "1000 networks"],
)
def test_large_rules_miss_nothing(tmp_path, rules, count, no_room):
    path = tmp_path / "rules.yaml"
    path.write_text("".join(rules(tmp_path, count)))
    file = tmp_path / f"file-{count - 1}-x"
    file.write_text("x")
    (tmp_path / "other").write_text("x")
    with Product(tmp_path / "falco", [path]) as falco, socket.socket(type=socket.SOCK_DGRAM) as sender:
        assert bool(falco.said(NO_ROOM)) is no_room
        assert not falco.said("is left out")
        for _ in range(OPENED):
            os.close(os.open(file, os.O_RDONLY))
            os.close(os.open(tmp_path / "other", os.O_RDONLY))
        for _ in range(SENT):
            sender.sendto(b"x", ("127.0.0.1", FIRST_PORT + count - 2))
        falco.catch_up()
        assert len(falco.alerts(f"Rule {count - 1}")) == OPENED
        assert len(falco.alerts(f"Rule {count - 2}")) == SENT
        assert len(falco.alerts("")) == OPENED + SENT + 1, "and the mark of having caught up"
