"""Lost records, counted over all CPUs and told by cause."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from falco.capture.live import drops
from falco.capture.probe import calls


class FakeCounts:
    def __init__(self):
        self.values = {which: [0, 0, 0] for which in range(7)}

    def lookup_cpus(self, key):
        return tuple(struct.pack("=Q", value) for value in self.values[key])


def test_numbers_are_those_of_the_probe():
    text = (Path(calls.__file__).parent / "c/runtime.h").read_text()
    found = {name: int(number) for name, number in re.findall(r"#define COUNT_(\w+) (\d+)", text)}
    names = ("SENT", "RING_FULL", "TOO_LONG", "NO_SCRATCH", "NO_STEP", "NAMELESS", "MOVED")
    assert found == {name: getattr(drops, name) for name in names}
    assert f"({drops.MAP}, u64," in text


def test_nothing_lost_is_nothing_to_tell():
    assert drops.Drops(FakeCounts()).look() == {}


def test_each_look_tells_what_came_since_the_last():
    counts = FakeCounts()
    watch = drops.Drops(counts)
    counts.values[drops.RING_FULL] = [3, 0, 4]
    assert watch.look() == {"the ring buffer was full": 7}
    counts.values[drops.RING_FULL] = [3, 1, 4]
    counts.values[drops.NO_STEP] = [0, 0, 2]
    assert watch.look() == {"the ring buffer was full": 1, "a program that finishes records was not there": 2}
    assert watch.look() == {}
    assert watch.total == 10


def test_what_was_sent_or_shortened_is_not_lost():
    counts = FakeCounts()
    watch = drops.Drops(counts)
    counts.values[drops.SENT], counts.values[drops.TOO_LONG] = [5, 6, 0], [0, 1, 0]
    assert watch.look() == {}
    assert (watch.total, watch.sent, watch.shortened) == (0, 11, 1)


def test_what_was_kept_back_though_paths_lead_elsewhere_is_counted_and_not_lost():
    counts = FakeCounts()
    watch = drops.Drops(counts)
    counts.values[drops.MOVED] = [2, 0, 1]
    assert (watch.moved(), watch.look(), watch.total) == (3, {}, 0)
