"""What the tests of the whole command share: a rule, a configuration that prints to standard output, a capture that the
rule finds one event in, and a falco of its own process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CAPTURES

ROOT = Path(__file__).resolve().parents[2]
CAT_WRITE = CAPTURES / "cat_write.scap"
RULE = """
- rule: open_from_cat
  desc: A process named cat does an open
  condition: evt.type=open and proc.name=cat and fd.name=/dev/null
  output: "{output}"
  priority: WARNING
"""
FALCO = (sys.executable, "-m", "falco.cli")


def falco(*args: object) -> subprocess.CompletedProcess[str]:
    """The outcome of a command line."""
    return subprocess.run([*FALCO, *map(str, args)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def away_from_any_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be where no falco.yaml lies about, in UTC."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULE.format(output="An open was seen %fd.name"))
    return path


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "falco.yaml"
    path.write_text("stdout_output: {enabled: true}\nlog_stderr: true\nlog_syslog: false\n")
    return path
