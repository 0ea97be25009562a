"""The default rules alert on each of the six behaviours, and on none of the harmless twins beside them."""

from __future__ import annotations

import subprocess
import sys

import yaml

from tests.conftest import TESTS
from tests.functional.six_behaviours import FIRES, PATH, write

RULES = TESTS.parent / "rules" / "falco_rules.yaml"


def test_each_behaviour_gives_one_alert() -> None:
    """The triggered rules, with their counts, are the expected ones; the rules warn of nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "falco.cli", "-e", str(PATH), "-r", str(RULES), "-o", "log_stderr=false"],
        capture_output=True, text=True, check=True, cwd=TESTS.parent,
    )  # fmt: skip
    summary = done.stdout.partition("Triggered rules by rule name:\n")[2]
    counts = dict(line.strip().rsplit(": ", 1) for line in summary.splitlines() if line.startswith("   "))
    assert {name: int(count) for name, count in counts.items()} == FIRES
    assert f"Events detected: {sum(FIRES.values())}\n" in done.stdout
    assert "warning" not in done.stderr


def test_what_fires_are_default_rules() -> None:
    """The other default rules are shown by what the event generator does: tests/live/test_default_rules.py."""
    names = {item["rule"] for item in yaml.safe_load(RULES.read_text(encoding="utf-8")) if "rule" in item}
    assert names > set(FIRES)


def test_the_shipped_capture_is_what_the_script_writes(tmp_path) -> None:
    """The file in the repository is the one that this code makes."""
    assert PATH.read_bytes() == write(tmp_path / "again.scap").read_bytes()
