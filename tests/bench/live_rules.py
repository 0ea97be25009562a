"""The rules of the live tests, gathered for workloads: what they say of a test's own directory is said of another.

They stand in two files, since a rule that has every call of a kind sent would leave nothing to keep back for others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from falco.capture.probe.sifted import SIFTED, Group
from falco.capture.probe.text import code
from falco.events.table import EVENT_TABLE
from tests.live import (
    test_before,
    test_blind,
    test_containers,
    test_losses,
    test_recording,
    test_rule_paths,
    test_sieve,
    test_sifting,
    test_strace,
    test_unanswering,
    test_watch,
    test_watch_paths,
)  # fmt: skip
from tests.live.rules_in_force import switched

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from falco.capture.probe.call import Call

_OPENS = "evt.type in (open, openat)"
_RULE_PATHS = (
    (_OPENS, 'fd.name = "{place}/secret"'),
    (_OPENS, 'fd.name != "{place}/secret" and fd.name pmatch ({place})'),
    ("evt.type = execve", "proc.exepath = /bin/printenv"),
)


def _name(call: Call) -> str:
    """What evt.type is for a call."""
    return EVENT_TABLE[code(call, "X")].name if call.event else call.name


_NAMES = {
    group: ", ".join(sorted({_name(sifted.call) for sifted in SIFTED if sifted.group is group})) for group in Group
}


def narrow(place: Path) -> str:
    """A rules file of those that mean few calls, about a place."""
    words = {"place": place, "folder": place, "own": place / "own", "name": "bench"}
    texts = [
        *(module.RULES.format(**words) for module in (test_blind, test_losses, test_watch_paths)),
        test_containers.RULES,
        test_watch.OPENS.format(call="openat", what=f"fd.name startswith {place}", text="seen"),
        *_rules(_RULE_PATHS, place),
        *_rules(((_OPENS, text) for text in test_sieve.ANCHORED), place),
        *_rules(((f"evt.type in ({_NAMES[group]})", text) for group, each in test_sieve.OF_CALLS.items()
                 for text in each), place),
    ]  # fmt: skip
    return _file(texts)


def wide(place: Path) -> str:
    """A rules file of those that mean most calls of a kind, and what switches default rules on that are off."""
    texts = [
        *_rules(((_OPENS, text) for text in test_sieve.NEGATED), place),
        test_before.RULES.format(place=place),
        test_recording.RULES.format(scene=place),
        test_strace.RULES,
        test_unanswering.RULES.format(folder=place),
        test_sifting.NAMED.format(file=place / "file"),
    ]
    return yaml.safe_dump(switched()) + _file(texts)


def _rules(conditions: Iterable[tuple[str, str]], place: Path) -> list[str]:
    return [
        test_rule_paths.RULE.format(name=f"Rule {number}", types=types, condition=f"({condition.format(place=place)})")
        for number, (types, condition) in enumerate(conditions)
    ]


def _file(texts: Iterable[str]) -> str:
    """One file of several, whose rules may have the same names; they look at every event that they name."""
    items = []
    for number, text in enumerate(texts):
        items += [{**item, "rule": f"{number} {item['rule']}", "all_events": True} for item in yaml.safe_load(text)]
    return yaml.safe_dump(items)
