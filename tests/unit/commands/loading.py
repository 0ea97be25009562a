"""Rules in force and what they want of the probe, from conditions: for tests of what leaves the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.commands import probing
from falco.commands.departures import departures
from falco.commands.in_force import InForce
from falco.commands.options import Options
from falco.commands.rules import load

if TYPE_CHECKING:
    from pathlib import Path

    from falco.capture.probe.plan import Wanted
    from falco.commands.departures import Departure


def written(folder: Path, *conditions: str) -> Path:
    """A file of rules called `Rule 0` and so on; what follows a condition's `|` is more of its keys."""
    path = folder / "rules.yaml"
    path.write_text("".join(_rule(number, *text.partition("|")) for number, text in enumerate(conditions)))
    return path


def _rule(number: int, condition: str, _: str, more: str) -> str:
    keys = "".join(f"  {key.strip()}\n" for key in more.split(";") if key)
    return f"- rule: Rule {number}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n{keys}"


def in_force_of(folder: Path, *conditions: str) -> tuple[InForce, Wanted]:
    """The rules in force with these conditions, and what they want."""
    options = Options(rules=(str(written(folder, *conditions)),))
    in_force = InForce(load(options, options.rules).ruleset, all_events=False)
    return in_force, probing.wanted(in_force, options)


def departures_of(folder: Path, *conditions: str) -> dict[str, Departure]:
    """What becomes of each call with these conditions, by the calls' names."""
    return {each.name: each for each in departures(*in_force_of(folder, *conditions))}
