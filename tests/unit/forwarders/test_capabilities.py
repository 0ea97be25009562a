from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from falco.errors import FalcoError
from falco.forwarders import capabilities

SHOW = """
import subprocess
from pathlib import Path
from falco.forwarders.capabilities import drop_all
drop_all()
print(Path("/proc/self/status").read_text())
print(subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, check=True).stdout)
"""
SETPCAP = 1 << 8


def sets(status):
    """Every capability set of a process's status, and whether it may gain more."""
    pairs = (line.split(":\t") for line in status.splitlines() if ":\t" in line)
    return {name: int(value, 16) for name, value in pairs if name.startswith("Cap") or name == "NoNewPrivs"}


def test_nothing_is_left_and_no_program_gets_any_back():
    before = sets(Path("/proc/self/status").read_text())
    shown = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True).stdout
    itself, _, program = shown.partition("\n\n")
    none = {"CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapAmb": 0, "NoNewPrivs": 1}
    none["CapBnd"] = 0 if before["CapEff"] & SETPCAP else before["CapBnd"]
    assert sets(itself) == sets(program) == none


def test_a_refusal_is_told():
    with pytest.raises(FalcoError, match="capabilities cannot be given up: "):
        capabilities._require(-1)
