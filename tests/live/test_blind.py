"""A falco that is made blind says so within five seconds, by log, alert and health, and sees again."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import sys
import time

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

BLIND = "Falco internal: blind"
RULES = """
- rule: Own file
  desc: A file of this test is opened.
  condition: evt.type=openat and evt.dir=< and fd.name={own}
  output: "seen"
  priority: INFO
"""
PROMISED_S = 5
CASES = {
    "slot exits 257": "slot 257 of map exits no longer holds program exit_openat",
    "slot exits 157": "slot 157 of map exits no longer holds program exit_prctl",
    "slot steps 0": "slot 0 of map steps no longer holds program step_fd",
    "link sys_exit": "program on_sys_exit no longer hangs on tracepoint sys_exit",
    "link sched_process_exec": "program on_exec no longer hangs on tracepoint sched_process_exec",
    "stuck 9 60": r"events are no longer looked at, for 4 s by now \(in <lambda>, line \d+ of live/sabotage.py\)",
}


def seconds(alert):
    """An alert's time as time.time() has it."""
    return datetime.datetime.fromisoformat(f"{alert['time'][:26]}+00:00").timestamp()


@pytest.fixture(scope="module")
def blinded(tmp_path_factory):
    """A falco for each case, all at once: the folder, the falco, and when it was made blind."""
    with contextlib.ExitStack() as stack:
        started, blinded = {}, {}
        for order in CASES:
            folder = tmp_path_factory.mktemp("blind")
            rules, health = folder / "rules.yaml", folder / "health"
            rules.write_text(RULES.format(own=folder / "own"))
            program = [sys.executable, "-m", "tests.live.sabotage", str(folder / "orders")]
            falco = Product(folder / "falco", [rules], config=f"health_file: {health}\n", program=program)
            started[order] = folder, stack.enter_context(falco)
        for order, (folder, falco) in started.items():
            falco.wait_for((folder / "health").exists)
            assert sees(folder)
            (folder / "orders").write_text(f"{order}\n")
            falco.wait_for((folder / "orders.done").exists)
            blinded[order] = folder, falco, time.time()
        yield blinded


def sees(folder):
    return told(folder)["sees"]


def told(folder):
    return json.loads((folder / "health").read_text())


@pytest.mark.parametrize(("order", "reason"), CASES.items(), ids=[order.replace(" ", "-") for order in CASES])
def test_blindness_is_told_and_mended(blinded, order, reason):
    folder, falco, done = blinded[order]
    blind, seeing = falco.wait_for_alerts(2, BLIND)
    assert re.search(f"not seen: {reason}\\.", blind["output"])
    assert (blind["priority"], seeing["priority"]) == ("Critical", "Notice")
    assert seconds(blind) - done < PROMISED_S
    assert falco.wait_for(lambda: falco.said(f"does not see what happens on this host: {reason}$"))
    assert falco.wait_for(lambda: falco.said(r"sees again what happens on this host, after \d\.\d s$"))
    (folder / "own").write_text("")
    assert falco.wait_for_alerts(1, "Own file")
    assert sees(folder)


def test_a_falco_that_stays_stuck_tells_its_health_and_ends(tmp_path):
    rules, health, orders = (tmp_path / name for name in ("rules.yaml", "health", "orders"))
    rules.write_text(RULES.format(own=tmp_path / "own"))
    program = [sys.executable, "-m", "tests.live.sabotage", str(orders)]
    with Product(tmp_path / "falco", [rules], config=f"health_file: {health}\n", program=program) as falco:
        falco.wait_for(health.exists)
        orders.write_text(f"stuck 1000 {PROMISED_S + 3}\n")
        falco.wait_for(orders.with_suffix(".done").exists)
        done = time.time()
        falco.wait_for(lambda: not sees(tmp_path))
        assert told(tmp_path)["alive"] / 1e9 - done < PROMISED_S
        assert told(tmp_path)["reason"].startswith("events are no longer looked at")
        assert len(falco.wait_for_alerts(1, BLIND)) == 1
        assert falco.process.wait(60) == 1
    assert falco.said(r"Falco has looked at no events for 8 s and ends, to be started anew \(in ")
