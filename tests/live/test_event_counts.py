"""What became of events: exact counts of a kind of call that nobody else makes, wherever they are told."""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.live.product import FALCO, ROOT, Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

# Reads so many bytes of ones own memory: no other program on a machine calls this all the time.
CALL = "process_vm_readv"
RULES = """
- rule: Seven bytes
  desc: What the kernel tests and the rule finds true.
  condition: evt.type=process_vm_readv and evt.dir=< and evt.rawres = 7
  output: "seven"
  priority: INFO
- rule: Five bytes of a large family
  desc: What the kernel tests, and what only the rule can, which it finds false.
  condition: evt.type=process_vm_readv and evt.dir=< and evt.rawres = 5 and proc.nchilds > 1000000
  output: "five"
  priority: INFO
"""
MADE = {3: 997, 5: 101, 7: 13}
"""How many bytes are read -> how often: those of 3 are kept back, those of 7 match."""
COUNTS = {"seen": 1111, "filtered": 997, "delivered": 114, "matched": 13}


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


def make_calls():
    read = ctypes.CDLL(None, use_errno=True).process_vm_readv
    read.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    read.restype = ctypes.c_ssize_t
    here, there = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
    for size, count in MADE.items():
        local, remote = (_Vector(ctypes.addressof(buffer), size) for buffer in (here, there))
        for _ in range(count):
            assert read(os.getpid(), ctypes.addressof(local), 1, ctypes.addressof(remote), 1, 0) == size


def sample(stats: Path):
    return json.loads(stats.read_text().splitlines()[-1])["by_event"][CALL]


def test_the_counts_are_exact_wherever_they_are_told(tmp_path):
    rules, stats, health = (tmp_path / name for name in ("rules.yaml", "stats", "health"))
    rules.write_text(RULES)
    with Product(tmp_path / "falco", [rules], ["-s", str(stats)], config=f"health_file: {health}\n") as falco:
        make_calls()
        falco.catch_up()
        falco.wait_for(lambda: json.loads(health.read_text())["events"].get(CALL) == COUNTS)
        support = subprocess.run(
            [*FALCO, "--support", "-c", str(tmp_path / "falco" / "falco.yaml"), "-r", str(rules)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        told = json.loads(support.stdout)
        assert told["running"]["events"][CALL] == COUNTS
        assert told["running"]["sees"] is True
        assert re.fullmatch(r" +\d+ sent if a rule may match: prctl, prlimit64, process_vm_readv", told["filter"][1])
        falco.stop()
    assert sample(stats) == COUNTS
    line = falco.said(rf"^   {CALL} +(.*)$")
    assert line is not None
    assert list(map(int, line[1].split())) == list(COUNTS.values())


def test_in_shadow_mode_what_would_be_kept_back_is_delivered(tmp_path):
    rules, stats = tmp_path / "rules.yaml", tmp_path / "stats"
    rules.write_text(RULES)
    with Product(tmp_path / "falco", [rules], ["-s", str(stats), "--verify-filter"]) as falco:
        make_calls()
        falco.catch_up()
        falco.stop()
    assert sample(stats) == {**COUNTS, "delivered": COUNTS["seen"]}
