"""The default rules as a test puts them in force: all switched on, and on nothing but what the test does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.live.product import DEFAULT_RULES, ROOT

GENERATOR = ROOT / "build" / "event-generator"
sys.path.insert(0, str(GENERATOR))

from falco_event_generator.actions import ACTIONS  # noqa: E402 - the path to it has to be there first
from falco_event_generator.scene import CONTAINER, NAME  # noqa: E402

__all__ = [
    "ACTIONS", "CONTAINER", "DEFAULT_RULES", "GENERATOR", "NAME", "RULES",
    "generate", "overrides", "switched", "switches_file",
]  # fmt: skip
RULES = {
    item["rule"]: item for item in yaml.safe_load(DEFAULT_RULES.read_text(encoding="utf-8")) if "condition" in item
    and "rule" in item
}  # fmt: skip


def generate(*options: str, env: Mapping[str, str] = os.environ) -> str:
    """What the event generator says that it did: a line for each action."""
    done = subprocess.run(
        [sys.executable, "-m", "falco_event_generator", "--once", *options],
        capture_output=True, text=True, check=False, env={**env, "PYTHONPATH": str(GENERATOR)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def switched() -> list[dict[str, object]]:
    """What a user would put into a rules file to switch on what is off, where an action needs it."""
    switches = [action.switch for action in ACTIONS.values() if action.switch is not None]
    return [{"macro": macro, "condition": condition} for macro, condition in switches]


def switches_file(path: Path) -> Path:
    """Write these into a rules file."""
    path.write_text(yaml.safe_dump(switched()), encoding="utf-8")
    return path


def overrides(path: Path, *, switches: bool = True) -> Path:
    """Write a rules file as a user would: it switches on what is off, if so asked, and looks only below this process.

    Other tests, and whatever else runs on the machine, do what the default rules alert on as well.
    """
    items = switched() if switches else []
    for rule, item in RULES.items():
        if "container_started" not in item["condition"]:
            items.append({"rule": rule, "append": True, "condition": f"and proc.apid={os.getpid()}"})
    path.write_text(yaml.safe_dump(items), encoding="utf-8")
    return path
