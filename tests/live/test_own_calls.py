"""What Falco does itself is seen by no rule; what is done by programs that it starts is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

RULES = """
- rule: Every open
  desc: Whatever anybody opens, reads from or asks for.
  condition: evt.type in (open, openat, openat2, newfstatat, statx) and evt.dir=<
  output: "%proc.pid by %proc.pname: %evt.arg.name"
  priority: INFO
"""
PROGRAM = """
program_output:
  enabled: true
  keep_alive: true
  program: "cat {place}/given - > /dev/null"
"""


def test_what_falco_itself_does_is_not_seen_and_what_its_programs_do_is(tmp_path):
    rules, link = tmp_path / "rules.yaml", tmp_path / "link"
    rules.write_text(RULES)
    (tmp_path / "given").touch()
    link.symlink_to(tmp_path)
    with Product(tmp_path / "falco", [rules], config=PROGRAM.format(place=tmp_path)) as falco:
        subprocess.run([sys.executable, "-c", f"open('{link}/given')"], check=True)
        # A program for alerts is started with the first of them, and another after a reload, which reads all files.
        falco.wait_for_alerts(1, text=f": {tmp_path}/given")
        falco.process.send_signal(signal.SIGHUP)
        falco.wait_for_alerts(2, text=f": {tmp_path}/given")
        falco.catch_up()
        said = [alert["output"] for alert in falco.alerts("Every open")]
        own = falco.process.pid
    assert [line for line in said if f" {own} by " in line] == []
    started = [line for line in said if line.endswith(f": {tmp_path}/given")]
    assert [line for line in started if "by <NA>:" in line] == [], "their parents are known"
