"""What the event generator did, as recorded: each default rule tells of its action and not of its near miss.

python -m tests.live.record_rules tests/captures/rules records these captures anew.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import open_stream
from falco.commands.in_force import InForce
from falco.commands.options import Options
from falco.commands.rules import load
from falco.events.event import Event
from falco.monitor import monitor
from falco.state.state import State
from tests.conftest import CAPTURES
from tests.live.rules_in_force import ACTIONS, DEFAULT_RULES, RULES, switches_file

PLACE = CAPTURES / "rules"


class Counts:
    """Counts alerts by rule; nobody asks for anything."""

    pending = False

    def __init__(self):
        self.of: Counter[str] = Counter()

    def emit(self, rule, event):
        del event
        self.of[rule.name] += 1

    def act(self):
        return True


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory):
    path = switches_file(tmp_path_factory.mktemp("rules") / "switches.yaml")
    return load(Options(), [str(DEFAULT_RULES), str(path)]).ruleset


def told(ruleset, path: Path) -> Counter[str]:
    """Rules that alert on a capture."""
    rules, counts, state = InForce(ruleset, all_events=False), Counts(), State()
    state.heed(ruleset.codes, ruleset.syscalls)
    stream = open_stream(str(path))
    try:
        reader = Reader(stream, Event(state), state.load, rules.wanted)
        reader.on_paths = rules.know
        monitor(reader, state, rules, counts, counts)
    finally:
        stream.close()
    return counts.of


@pytest.mark.parametrize("name", ACTIONS)
def test_a_rule_fires(ruleset, name):
    assert told(ruleset, PLACE / f"{name}.fires.scap.gz")[ACTIONS[name].rule] > 0


@pytest.mark.parametrize("name", ACTIONS)
def test_its_near_miss_does_not(ruleset, name):
    assert told(ruleset, PLACE / f"{name}.near.scap.gz")[ACTIONS[name].rule] == 0
    assert (PLACE / f"{name}.near.scap.gz").stat().st_size > 200


def test_every_rule_has_its_two_captures():
    assert {action.rule for action in ACTIONS.values()} == RULES.keys()
    names = {f"{name}.{kind}.scap.gz" for name in ACTIONS for kind in ("fires", "near")}
    assert {path.name for path in PLACE.iterdir()} == names
