"""What leaves the kernel: the share of all system calls that is delivered, per workload and per event. As root.

All calls of the machine are counted, whoever makes them: by perf while the workload runs, and by the product's own
counts of what it was sent. On a machine where others work too both shares are theirs as well.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.live import cpu_s
from tests.bench.rulesets import rules
from tests.bench.workloads import WORKLOADS, Workload
from tests.live.product import DEFAULT_RULES, Product

AIMS = {"build": 2.0, "database": 2.0, "web server, kept connections": 15.0, "web server, new connections": 15.0}
"""At most so many percent of the calls are to be delivered."""
SHOWN = 14
"""The events that were delivered most are named."""
COUNTED = "raw_syscalls:sys_exit"


def sieve(folder: Path, chosen: str = "") -> None:
    """Print everything, with the default rules and with 500 others."""
    if os.geteuid() != 0 or shutil.which("perf") is None:
        print("\nsieve: not without root and perf")
        return
    (folder / "500.yaml").write_text(rules(500), encoding="utf-8")
    for label, path in (("default rules", DEFAULT_RULES), ("500 rules", folder / "500.yaml")):
        print(f"\ncalls that leave the kernel, {label}")
        for workload in WORKLOADS:
            if workload.lacks:
                print(f"  {workload.name}: this machine has no {workload.lacks}")
            elif chosen in workload.name:
                _measure(workload, folder, path)


def _measure(workload: Workload, folder: Path, path: Path) -> None:
    folder.chmod(0o711)
    with tempfile.TemporaryDirectory(dir=folder) as place, workload.around(Path(place)) as again:
        again()
        stats = folder / "stats"
        stats.unlink(missing_ok=True)
        with Product(folder / "falco", [path], ["-s", str(stats)]) as falco:
            before = cpu_s(falco.process.pid)
            made = counting(again)
            falco.catch_up()
            spent = cpu_s(falco.process.pid) - before
            falco.stop()
        rows = json.loads(stats.read_text().splitlines()[-1])["by_event"]
    delivered = sum(row["delivered"] for row in rows.values())
    filtered = sum(row["filtered"] for row in rows.values())
    aim = f", the aim is {AIMS[workload.name]:.0f}%" if workload.name in AIMS else ""
    print(f"  {workload.name:28}{made:9,} calls, {filtered:8,} kept back, {delivered:8,} delivered:"
          f" {delivered / made:6.2%}{aim}; {spent:.1f} s of CPU")  # fmt: skip
    order = sorted(rows, key=lambda name: -int(rows[name]["delivered"]))[:SHOWN]
    print("    " + ", ".join(f"{name} {rows[name]['delivered']:,} of {rows[name]['seen']:,}" for name in order))


def counting(act: Callable[[], None]) -> int:
    """How many system calls the machine made while something was done."""
    command = ["perf", "stat", "-a", "-x", ";", "-e", COUNTED, "-o", "/dev/stdout", "cat"]
    counter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        act()
    finally:
        told = counter.communicate()[0]  # cat ends with its input, and perf with it.
    found = re.search(rf"^(\d+);;{COUNTED}", told, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"perf counted nothing: {told}")
    return int(found[1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sieve(Path(made), *sys.argv[1:2])
