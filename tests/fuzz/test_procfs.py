"""Damaged files of /proc and answers of netlink: each parser gives a value or its own error, a scan never one."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable

from falco.capture.live import procfs_interfaces, procfs_text
from falco.capture.live.procfs import scan
from falco.capture.live.procfs_sockets import namespace, parse_inet, parse_netlink, parse_unix
from falco.capture.live.procfs_text import ProcError
from falco.state.fds import L4
from falco.state.state import State
from tests.fuzz.inputs import at_least, bounded, inputs
from tests.unit.capture.live.proctree import LIMITS, Tree, stat_line, status_text
from tests.unit.capture.live.test_procfs_interfaces import LINKS, address
from tests.unit.capture.live.test_procfs_sockets import HEAD, NETLINK, UNIX, line

INET = HEAD + line(("10.0.0.5", 80), ("10.0.0.9", 9), 1, 5) + line(("::", 80), ("::", 0), 10, 6)
ADDRESSES = address(socket.AF_INET, 24, 2, local=bytes(4), label=b"eth0\0") + address(
    socket.AF_INET6, 64, 1, address=bytes(16)
)
PIECES = (
    b"", b"\0", b"\n", b"\r", b" ", b":", b"(", b")", b"=", b"-1", b"0", b"9" * 19, b"9" * 40, b"f" * 40, b"\xff",
    b"\xc3", b"1_0", b"+5", "\u0661".encode(), b"0x10", b" (x) ", b"\n0: ", b"unlimited", b"\x10\0", b"kB",
)  # fmt: skip
PARSERS: dict[bytes, Callable[[bytes], object]] = {
    stat_line(7, "a) b").encode(): procfs_text.stat,
    status_text(7, 6, ns="\t1").encode(): procfs_text.status,
    b"5:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/c\n": procfs_text.cgroup,
    LIMITS.encode(): procfs_text.open_files,
    b"pos:\t0\nflags:\t0100002\nmnt_id:\t29\n": procfs_text.fdinfo_flags,
    INET.encode(): lambda raw: parse_inet(raw, L4.TCP, {}, set()),
    NETLINK.encode(): lambda raw: parse_netlink(raw, {}),
    UNIX.encode(): lambda raw: parse_unix(raw, {}),
    ADDRESSES: lambda raw: procfs_interfaces.parse([raw], [raw]),
    b"".join(LINKS): lambda raw: procfs_interfaces.parse([raw], [ADDRESSES]),
}


def damaged(rng: random.Random, data: bytes) -> bytes:
    """The data with some pieces put over or between its bytes, and sometimes cut."""
    changed = bytearray(data)
    for _ in range(rng.randint(0, 4)):
        at, piece = rng.randrange(len(changed) + 1), rng.choice(PIECES)
        changed[at : at + rng.choice((0, 1, len(piece)))] = piece
    return bytes(changed[: rng.randrange(len(changed) + 1)] if rng.random() < 0.1 else changed)


def test_damaged_files_are_read_or_refused():
    read = 0
    for number, rng in inputs("/proc file"):
        sound, parse = rng.choice(list(PARSERS.items()))
        raw = damaged(rng, sound)
        with bounded("/proc file", number):
            namespace(lambda _, raw=raw: raw)  # type: ignore[misc]
            try:
                parse(raw)
            except ProcError:
                continue
            read += 1
    assert at_least(read, 4, "/proc file")


def test_a_host_of_damaged_files_is_scanned(tmp_path):
    rng = random.Random(0)
    tree = Tree(tmp_path)
    for pid in range(10, 40):
        place = tree.process(pid, tids=(pid + 100,))
        tree.fd(place, 3, "socket:[5]")
        tree.fd(place, 4, "/gone")
        tree.write(f"{place}/net/tcp", INET)
        for file in sorted((tree.root / place).rglob("*")):
            if file.is_file() and not file.is_symlink() and rng.random() < 0.3:
                file.write_bytes(damaged(rng, file.read_bytes()))
    tree.write("etc/passwd", damaged(rng, b"root:x:0:0:root:/root:/bin/bash\n" * 20))
    state, found = State(), scan(tree.host).snapshot
    assert len(found.threads) > 10
    state.load(found)
    assert len(state.threads) >= len(found.threads)
