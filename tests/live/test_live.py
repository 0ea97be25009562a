"""The probe in this kernel, its ring read as a run reads it: counts, what is left out, losses, blindness, recording."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from falco.capture.live import bpf, canary
from falco.capture.live.drops import Drops
from falco.capture.live.loader import Loaded
from falco.capture.live.ring import Ring, map_pages
from falco.capture.live.source import LiveSource
from falco.capture.probe.build import build_probe
from falco.capture.probe.object import ProgramSpec
from falco.capture.probe.plan import REAL_ENTERS, Wanted, make_plan
from falco.capture.probe.text import probe_text
from falco.capture.scap.reader import Reader
from falco.capture.scap.recorder import Recorder
from falco.capture.scap.stream import open_stream
from falco.events.event import Event
from falco.events.table import CODES
from falco.state.state import State

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

OPENAT_X, CLOSE_E, CLOSE_X = (CODES[f"SYSCALL_{name}"] for name in ("OPENAT_2_X", "CLOSE_E", "CLOSE_X"))
SIZE = 8 << 20
CLOCK = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
PLAN = make_plan(Wanted(frozenset((OPENAT_X, CLOSE_E, CLOSE_X, canary.CODE))), CLOCK)


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    text = partial(probe_text, PLAN.programs, ())
    return build_probe(text, root, os.uname().release, None, cflags=("-DRING_PAGES=1",))


class Run:
    """A probe attached, and the events of this thread as they come."""

    def __init__(self, probe, plan=PLAN, size=SIZE):
        self.loaded = Loaded(probe, plan, {"ring": size})
        self.ring = Ring(map_pages(self.loaded.maps["ring"].fd), size)
        self.told: list[tuple[float, str | float]] = []
        self.canary = canary.Canary(self.loaded, self.ring, self)
        self.drops = Drops(self.loaded.maps["counts"])
        self.until, self.enough = 0.0, 1000
        self.source = LiveSource(self.ring, Event(State()), self._idle, REAL_ENTERS)
        self.source.own_code, self.source.on_own = canary.CODE, self.canary.saw
        self.loaded.attach()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ring.close()
        self.loaded.close()

    def late(self, reason):
        self.lost(reason)

    def caught_up(self, seconds):
        self.lost(seconds)

    def regained(self, seconds):
        self.lost(seconds)

    def lost(self, what):
        self.told.append((time.monotonic(), what))

    def _idle(self):
        self.canary.beat()
        return time.monotonic() < self.until and len(self.told) < self.enough

    def events(self, seconds=0.2):
        """Events of so long a time from now on."""
        self.until = time.monotonic() + seconds
        yield from self.source

    def wait_for_news(self, count, seconds=6):
        """Read on until the canary has told so much."""
        self.enough = count
        for _ in self.events(seconds):
            pass
        self.enough = 1000

    def own(self):
        """Which events this thread made, with their numbers."""
        return [(event.num, event.code) for event in self.events() if event.tid == os.getpid()]


def opens(count, path="/"):
    for _ in range(count):
        os.close(os.open(path, os.O_RDONLY))


def link_to(tracepoint):
    """The fd of this process that keeps a program on a tracepoint."""
    for info in Path("/proc/self/fdinfo").iterdir():
        if f"tp_name:\t{tracepoint}\n" in info.read_text():
            return int(info.name)
    raise LookupError(tracepoint)


def broken(probe, name):
    """The probe with a program that the verifier cannot take: it ends without a result."""
    programs = (
        ProgramSpec(name, b"\x95" + bytes(7), (), program.type) if program.name == name else program
        for program in probe.programs
    )
    return dataclasses.replace(probe, programs=tuple(programs))


def test_nothing_of_the_probe_is_left_out(probe):
    with Run(probe) as run:
        assert run.loaded.left_out == {}


def test_prime_numbers_of_calls_are_seen_exactly(probe):
    with Run(probe) as run:
        opens(97)
        seen = run.own()
    assert Counter(code for _, code in seen) == {OPENAT_X: 97, CLOSE_E: 97, CLOSE_X: 97}
    assert run.source.malformed == 0
    numbers = [number for number, _ in seen]
    assert numbers == sorted(set(numbers))
    opened = [number for number, code in seen if code == OPENAT_X]
    assert all(later - earlier >= 4 for earlier, later in pairwise(opened)), "an open counts as two, a close too"


def test_more_than_the_ring_holds_at_once_comes_through_when_it_is_read(probe):
    with Run(probe, size=1 << 16) as run:
        seen = 0
        for _ in range(101):
            opens(7)
            run.until = 0
            seen += sum(event.code == OPENAT_X and event.tid == os.getpid() for event in run.source)
        seen += sum(code == OPENAT_X for _, code in run.own())
        assert run.drops.look() == {}
    assert seen == 707


def test_a_program_that_the_verifier_refuses_is_left_out_and_the_rest_runs(probe):
    with Run(broken(probe, "exit_openat")) as run:
        assert "R0 !read_ok" in run.loaded.left_out["exit_openat"]
        assert set(run.loaded.left_out) == {"exit_openat"}
        opens(13)
        assert Counter(code for _, code in run.own()) == {CLOSE_E: 13, CLOSE_X: 13}


def test_a_tracepoint_that_is_missing_leaves_its_program_out(probe):
    plan = dataclasses.replace(PLAN, tracepoints={**PLAN.tracepoints, "on_exec": "no_such_tracepoint"})
    with Run(probe, plan) as run:
        assert run.loaded.left_out["on_exec"].startswith("tracepoint no_such_tracepoint cannot be attached to: No such")
        opens(13)
        assert len(run.own()) == 39


def test_a_full_ring_is_counted_and_read_on_from(probe):
    with Run(probe, size=1 << 16) as run:
        opens(1009)
        lost = run.drops.look()
        (cause,) = lost
        assert cause == "the ring buffer was full"
        own = run.own()
        assert 3027 - len(own) <= lost[cause], "other processes lose records too"
        assert 0 < len(own) < 3027
        assert run.drops.total >= lost[cause]
        opens(3)
        assert len(run.own()) == 9


def test_the_canary_is_seen_and_not_shown(probe):
    with Run(probe) as run:
        shown = [event for event in run.events(4.3) if event.code == canary.CODE and event.tid == os.getpid()]
        assert shown == []
        assert run.told == []


@pytest.mark.parametrize("call", [157, 257], ids=["its own call", "another call"])
def test_a_slot_that_is_emptied_is_told_within_five_seconds_and_mended(probe, call):
    with Run(probe) as run:
        run.own()
        done = time.monotonic()
        run.loaded.maps["exits"].delete(call)
        run.wait_for_news(2)
        (when, reason), (_, seconds) = run.told
        assert when - done < 5
        assert isinstance(reason, str)
        assert reason.startswith(f"slot {call} of map exits no longer holds program exit_")
        assert isinstance(seconds, float)
        opens(11)
        assert sum(code == OPENAT_X for _, code in run.own()) == 11


def test_a_link_that_is_closed_is_told_within_five_seconds_and_mended(probe):
    with Run(probe) as run:
        run.own()
        done = time.monotonic()
        os.close(link_to("sys_exit"))
        run.wait_for_news(2)
        assert run.told[0][0] - done < 5
        assert run.told[0][1] == "program on_sys_exit no longer hangs on tracepoint sys_exit"
        opens(11)
        assert sum(code == OPENAT_X for _, code in run.own()) == 11


def test_another_plan_is_taken_up_without_a_gap(probe, tmp_path):
    mkdir = CODES["SYSCALL_MKDIR_2_X"]
    plan = make_plan(Wanted(frozenset((CLOSE_E, CLOSE_X, mkdir, canary.CODE))), CLOCK)
    text = partial(probe_text, plan.programs, ())
    other = build_probe(text, tmp_path, os.uname().release, None, cflags=("-DRING_PAGES=1",))
    with Run(probe) as run:
        opens(5)
        run.loaded.change(other, plan)
        opens(7)
        (tmp_path / "new").mkdir()
        closes = 5 + 7 + len(set(PLAN.programs) - set(plan.programs))  # those are given back
        assert Counter(code for _, code in run.own()) == {OPENAT_X: 5, CLOSE_E: closes, CLOSE_X: closes, mkdir: 1}
        assert run.loaded.left_out == {}
        assert list(run.loaded.wrong()) == []


def test_a_recording_reads_back_as_it_was_seen(probe, tmp_path):
    state = State()
    target = tmp_path / "live.scap"
    with Run(probe) as run:
        recorder = Recorder(str(target))
        recorder.attach(run.source, state)
        recorder.begin(time.time_ns())
        opens(17)
        live = [(e.ts, e.tid, e.code, e.params()) for e in run.events()]
        recorder.close()
    stream = open_stream(str(target))
    replayed = [(e.ts, e.tid, e.code, e.params()) for e in Reader(stream, Event(State()), lambda _: None)]
    stream.close()
    assert len(live) >= 51
    assert replayed == live


def test_a_probe_gives_back_everything(probe):
    before = set(Path("/proc/self/fd").iterdir())
    with Run(probe):
        assert len(set(Path("/proc/self/fd").iterdir())) > len(before)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_without_privileges_the_reason_is_told():
    script = (
        "from falco.capture.live.bpf import *; from falco.capture.probe.object import MapSpec\n"
        "try: create_map(MapSpec('counts', 6, 4, 8, 16, 0))\n"
        "except BpfError as error: print(error)"
    )
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == (
        "map counts cannot be created: Operation not permitted (this needs root, or the capabilities CAP_BPF and "
        "CAP_PERFMON; missing: CAP_BPF, CAP_PERFMON)\n"
    )


def test_per_cpu_values_of_the_kernel_come_one_for_each_cpu(probe):
    counts = bpf.create_map(next(m for m in probe.maps if m.name == "counts"))
    try:
        counts.update(3, (7).to_bytes(8, "little"))
        values = counts.lookup_cpus(3)
        assert len(values) == bpf.possible_cpus(Path("/sys/devices/system/cpu/possible").read_text())
        assert int.from_bytes(values[0], "little") == 7
    finally:
        counts.close()
