"""Control groups of programs that begin, as long and as deep as they may be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from falco.events.table import CODES
from falco.state.cgroups import parse

EXECVE_X = CODES["SYSCALL_EXECVE_19_X"]
LONGEST = 4096
MOUNTS = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
V1 = [fields[1] for fields in MOUNTS if fields[2] == "cgroup"]
V2 = [fields[1] for fields in MOUNTS if fields[2] == "cgroup2"]


@pytest.fixture
def groups():
    """Makes nested groups under a mount, and takes them away."""
    made = []

    def make(mount, names):
        place = Path(mount)
        for name in names:
            place /= name
            place.mkdir()
            made.append(place)
        return place

    yield make
    for place in reversed(made):
        place.rmdir()


def begun(watching, *places):
    """The successful exec of a program in these groups, and its control groups."""

    def join():
        for place in places:
            (place / "cgroup.procs").write_text(str(os.getpid()))

    children = []

    def act():
        with subprocess.Popen(["/bin/true"], preexec_fn=join) as child:  # noqa: PLW1509 - one thread
            children.append(child.pid)

    seen = watching.seen(act, lambda event: event.code == EXECVE_X)
    (event,) = [event for event in seen if event.tid in children and event.values["res"] == 0]
    return event, dict(parse(event.raw[event.type.index("cgroups")]))


@pytest.mark.skipif(not V2, reason="no cgroup2 is mounted")
def test_a_group_that_is_too_deep_is_not_told_at_all(watching, groups):
    place = groups(V2[0], ["deep"] * 14)
    _, told = begun(watching, place)
    assert told[""] == "/deep" * 14
    _, told = begun(watching, groups(place, ["deeper"] * 10))
    assert "" not in told


@pytest.mark.skipif(len(V1) < 3, reason="fewer than three old hierarchies are mounted")
def test_groups_that_are_too_long_leave_the_others(watching, groups):
    mounts = [mount for mount in V1 if "cpuset" not in mount][:3]
    _, before = begun(watching)
    event, told = begun(watching, *(groups(mount, ["x" * 250] * 10) for mount in mounts))
    raw = event.raw[event.type.index("cgroups")]
    assert LONGEST // 2 < len(raw) <= LONGEST
    assert len(before) > len(told) > 0
    assert sum(len(path) == 2510 for path in told.values()) == 1
