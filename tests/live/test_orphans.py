"""To whom the probe says that a thread's children go when it ends, held against whom the kernel gives them to.

In each family a process leaves a child behind, which asks for its parent once the kernel has given it another.
orphaning.py is that process: it says what it is, and what its child has found.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from falco.capture.probe.plan import Wanted
from falco.events.table import CODES
from tests.live.watching import Watching, build_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

ENDS = CODES["PROCEXIT_1_E"]
PROGRAM = str(Path(__file__).with_name("orphaning.py"))
IN_A_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc")


@pytest.fixture(scope="module", params=[(), ("-DBY_CALLS",)], ids=["as the kernel lets it", "by calls"])
def watching(request):
    """A probe of little: what others do meanwhile must not fill the ring, which is read when all is done."""
    wanted = Wanted(frozenset((ENDS,)))
    with Watching(build_for(wanted, *request.param), wanted) as watching:
        assert not watching.loaded.left_out
        yield watching


def family(watching, how, *before):
    """The lines of the program by their first words, and the reaper told when its process of that tid ended."""
    lines: list[list[str]] = []

    def act():
        done = subprocess.run(
            [*before, sys.executable, PROGRAM, how], capture_output=True, text=True, check=True, timeout=60
        )
        lines.extend(line.split() for line in done.stdout.splitlines())

    ended = watching.seen(act, lambda event: event.code == ENDS)
    return dict(lines), {each.tid: each.values["reaper_tid"] for each in ended}


@pytest.mark.parametrize("how", ["nobody_asks", "one_asks", "one_far_up_asks", "one_asks_and_ends"])
def test_an_orphan_goes_where_the_kernel_puts_it(watching, how):
    said, reapers = family(watching, how)
    assert reapers[int(said["parent"])] == int(said["reaper"])


def test_in_a_namespace_it_goes_to_the_first_process(watching):
    said, reapers = family(watching, "nobody_asks", *IN_A_NAMESPACE)
    assert said["reaper"] == "1"  # Inside, numbers are others.
    # With the first process all others end, so that it is told to have nobody after it.
    (first,) = (tid for tid, reaper in reapers.items() if reaper == 0 and tid in reapers.values())
    assert list(reapers.values()).count(first) == 2


def test_children_of_a_thread_stay_with_its_process(watching):
    said, reapers = family(watching, "thread_ends")
    assert reapers[int(said["thread"])] == int(said["parent"]) == int(said["reaper"])
