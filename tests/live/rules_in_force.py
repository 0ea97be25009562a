"""The default rules as a test puts them in force: all switched on, and on nothing but what the test does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import yaml

from tests.live.product import DEFAULT_RULES, ROOT

GENERATOR = ROOT / "build" / "event-generator"
sys.path.insert(0, str(GENERATOR))

from falco_event_generator.actions import ACTIONS  # noqa: E402 - the path to it has to be there first

__all__ = ["ACTIONS", "GENERATOR", "RULES", "overrides"]
RULES = {
    item["rule"]: item for item in yaml.safe_load(DEFAULT_RULES.read_text(encoding="utf-8")) if "condition" in item
    and "rule" in item
}  # fmt: skip


def overrides(path: Path, *, switches: bool = True) -> Path:
    """Write a rules file as a user would: it switches on what is off, if so asked, and looks only below this process.

    Other tests, and whatever else runs on the machine, do what the default rules alert on as well.
    """
    items: list[dict[str, object]] = [
        {"macro": action.switch[0], "condition": action.switch[1]}
        for action in ACTIONS.values()
        if switches and action.switch is not None
    ]
    for rule, item in RULES.items():
        if "container_started" not in item["condition"]:
            items.append({"rule": rule, "append": True, "condition": f"and proc.apid={os.getpid()}"})
    path.write_text(yaml.safe_dump(items), encoding="utf-8")
    return path
