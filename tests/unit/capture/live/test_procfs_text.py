from __future__ import annotations

import os

import pytest

from falco.capture.live.procfs_text import (
    ProcError,
    Status,
    cgroup,
    fdinfo_flags,
    number,
    open_files,
    ppm_open_flags,
    stat,
    status,
)
from falco.events.flags import FLAG_TABLES
from tests.unit.capture.live.proctree import LIMITS, stat_line, status_text


def test_stat_gives_its_fields():
    found = stat(stat_line(7, "cat", state="R", ppid=3, start=4242, flags=5).encode())
    assert (found.tid, found.comm, found.state, found.ppid) == (7, "cat", "R", 3)
    assert (found.pgid, found.sid, found.tty, found.flags) == (20, 30, 34816, 5)
    assert (found.minor_faults, found.major_faults, found.start_ticks) == (11, 12, 4242)


@pytest.mark.parametrize(
    "comm", ["a b", ") R 1 1 1 (", "()", "", "a\nb", "(sd-pam)", "7 (x) S 1", "\udcff\udc80", "\u00e9", ")))) "]
)
def test_any_name_is_kept_apart_from_the_fields(comm):
    raw = stat_line(7, comm, ppid=3).encode("utf-8", "surrogateescape")
    assert (stat(raw).comm, stat(raw).ppid) == (comm, 3)


@pytest.mark.parametrize(
    "raw", [b"", b"7", b"7 (x", b"7 (x) S 1 2", b"x (y) " + b"1 " * 30, b") (", b"7 (x) S " + b"z " * 30]
)
def test_stat_that_makes_no_sense_is_an_error(raw):
    with pytest.raises(ProcError):
        stat(raw)


def test_status_gives_effective_ids_and_memory():
    found = status(status_text(7, 6).encode())
    assert found == Status(tgid=6, uid=7, gid=9, vpid=6, vtid=7, vpgid=20, vmsize=3000, vmrss=1700, vmswap=5)


def test_ids_are_those_of_the_innermost_namespace():
    found = status(status_text(7, 6, ns="\t40\t2").encode())
    assert (found.vpid, found.vtid, found.vpgid) == (2, 2, 2)


def test_what_status_lacks_keeps_its_default():
    assert status(b"Name:\tx\nTgid:\t5\n") == Status(tgid=5)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"5:cpu,cpuacct:/a\n1:name=systemd:/b\n", (("cpu", "/a"), ("cpuacct", "/a"), ("name=systemd", "/b"))),
        (b"0::/system.slice/x.service\n", (("", "/system.slice/x.service"),)),
        (b"2:perf_event:/p\n0::/c\n", (("perf_event", "/p"), ("", "/c"))),
        (b"2:memory:/a:b/c\n", (("memory", "/a:b/c"),)),
        (b"", ()),
        (b"nonsense\n3:cpu:/a\n", (("cpu", "/a"),)),
    ],
    ids=["v1", "v2", "hybrid", "colons", "none", "nonsense"],
)
def test_control_groups(lines, expected):
    assert cgroup(lines) == expected


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        (LIMITS.encode(), 1024),
        (b"Max open files            unlimited            unlimited            files\n", -1),
        (b"", -1),
    ],
)
def test_limit_of_open_files(raw, limit):
    assert open_files(raw) == limit


def named(value: int) -> set[str]:
    """The names of the bits of a value of its own, apart from the access mode."""
    return {name for name, bits in FLAG_TABLES["file_flags"] if bits > 3 and value & bits}


@pytest.mark.parametrize(
    ("flags", "names", "mode"),
    [
        (os.O_RDONLY, set(), 1),
        (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, {"O_CREAT", "O_TRUNC"}, 2),
        (os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, {"O_APPEND", "O_CLOEXEC"}, 3),
        (os.O_DSYNC, {"O_DSYNC"}, 1),
        (os.O_SYNC, {"O_DSYNC", "O_SYNC"}, 1),
        (os.O_DIRECTORY | os.O_NONBLOCK, {"O_DIRECTORY", "O_NONBLOCK"}, 1),
        (os.O_TMPFILE | os.O_RDWR | os.O_EXCL, {"O_TMPFILE", "O_DIRECTORY", "O_EXCL"}, 3),
        (os.O_DIRECT | 0o100000, {"O_DIRECT", "O_LARGEFILE"}, 1),
    ],
)
def test_open_flags_are_the_probe_s(flags, names, mode):
    assert (named(ppm_open_flags(flags)), ppm_open_flags(flags) & 3) == (names, mode)
    assert fdinfo_flags(f"pos:\t0\nflags:\t0{flags:o}\nmnt_id:\t1\n".encode()) == ppm_open_flags(flags)


def test_fdinfo_without_flags_has_none():
    assert fdinfo_flags(b"pos:\t0\n") == 0


@pytest.mark.parametrize("digits", [b"", b"x", b"1" * 21, b"1_0x"])
def test_what_is_no_number_is_an_error(digits):
    with pytest.raises(ProcError):
        number(digits)
