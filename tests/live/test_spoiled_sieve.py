"""Tests of calls that cannot be compiled or that the kernel refuses: Falco starts, says so, and misses nothing."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

RULES = """
- rule: Wanted
  desc: One file is opened.
  condition: evt.type=openat and evt.dir=< and fd.num >= 0 and fd.name in ({files})
  output: "%fd.name"
  priority: INFO
- rule: Listening
  desc: Something of another group of calls.
  condition: evt.type=socket and evt.dir=< and evt.arg.domain = none
  output: "%fd.name"
  priority: INFO
"""
SAID = {
    "verifier": r"every openat call .* leaves the kernel, as what tests it \(sieve_opens_\w+\) is left out: ",
    "compiler": r"probe: built without .*sieve_opens_\w+.*, which cannot be compiled: ",
}
OPENED, OTHERS = 97, 997


def opens(path, count):
    for _ in range(count):
        os.close(os.open(path, os.O_RDONLY))


@pytest.fixture
def files(tmp_path):
    wanted, other, rules = tmp_path / "wanted", tmp_path / "other", tmp_path / "rules.yaml"
    wanted.write_text("x")
    other.write_text("x")
    return wanted, other, rules


@pytest.mark.parametrize("how", SAID)
def test_what_cannot_test_calls_is_left_out_and_all_of_them_are_sent(files, tmp_path, how):
    wanted, other, rules = files
    stats, program = tmp_path / "stats", [sys.executable, "-m", "tests.live.spoiling", how]
    rules.write_text(RULES.format(files=f"{wanted}, /spoiled"))
    with Product(tmp_path / "falco", [rules], ["-s", str(stats)], program=program) as falco:
        assert falco.said(SAID[how])
        opens(wanted, OPENED)
        opens(other, OTHERS)
        falco.catch_up()
        assert len(falco.alerts("Wanted", str(wanted))) == OPENED
        falco.stop()
    row = json.loads(stats.read_text().splitlines()[-1])["by_event"]["openat"]
    assert row["filtered"] == 0
    assert row["delivered"] >= OPENED + OTHERS


@pytest.mark.parametrize("how", SAID)
def test_rules_of_a_reload_whose_tests_cannot_be_had_come_into_force_without(files, tmp_path, how):
    wanted, other, rules = files
    stats, program = tmp_path / "stats", [sys.executable, "-m", "tests.live.spoiling", how]
    rules.write_text(RULES.format(files=wanted))
    with Product(tmp_path / "falco", [rules], ["-s", str(stats)], program=program) as falco:
        opens(other, OTHERS)
        opens(wanted, OPENED)
        falco.catch_up()
        assert not falco.said(SAID[how])
        rules.write_text(RULES.format(files=f"{wanted}, {other}, /spoiled"))
        falco.process.send_signal(signal.SIGHUP)
        falco.wait_for(lambda: falco.said(r"Reloaded$"))
        assert falco.said(SAID[how])
        opens(other, OPENED)
        opens(wanted, OPENED)
        falco.catch_up()
        assert len(falco.alerts("Wanted", str(wanted))) == 2 * OPENED
        assert len(falco.alerts("Wanted", str(other))) == OPENED
        falco.stop()
    assert json.loads(stats.read_text().splitlines()[-1])["by_event"]["openat"]["filtered"] >= OTHERS
