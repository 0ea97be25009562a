"""What the event generator did, as recorded: each default rule tells of its action and not of its near miss.

python -m tests.live.record_rules tests/captures/rules records these captures anew. Rules about the start of containers
are shown by tests/captures/made/six_behaviours.scap and by tests that run containers.
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
from tests.live.rules_in_force import ACTIONS, DEFAULT_RULES, switches_file

PLACE = CAPTURES / "rules"
RECORDED = [name for name, action in ACTIONS.items() if not action.engine]


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


@pytest.mark.parametrize("name", RECORDED)
def test_a_rule_fires(ruleset, name):
    assert told(ruleset, PLACE / f"{name}.fires.scap.gz")[ACTIONS[name].rule] > 0


@pytest.mark.parametrize("name", RECORDED)
def test_its_near_miss_does_not(ruleset, name):
    assert told(ruleset, PLACE / f"{name}.near.scap.gz")[ACTIONS[name].rule] == 0
    assert (PLACE / f"{name}.near.scap.gz").stat().st_size > 200


STARTED = {
    "Launch Privileged Container": ("user_privileged_containers", "(container.name=app-aaaa)"),
    "Launch Sensitive Mount Container": ("user_sensitive_mount_containers", "(container.name=app-bbbb)"),
    "Launch Disallowed Container": ("allowed_containers", "(container.name startswith app-)"),
}
"""Rule -> the macro that says which containers are fine, and the ones of the capture."""


@pytest.mark.parametrize("rule", STARTED)
def test_containers_that_start(tmp_path, rule):
    """Each rule tells of a container, and not of the same where that is expected."""
    assert set(STARTED) == {action.rule for action in ACTIONS.values() if action.engine}
    macro, expected = STARTED[rule]
    for number, condition in enumerate(("(never_true)", expected)):
        path = tmp_path / f"{number}.yaml"
        path.write_text(f"- macro: {macro}\n  condition: {condition}\n")
        ruleset = load(Options(), [str(DEFAULT_RULES), str(path)]).ruleset
        assert (told(ruleset, CAPTURES / "made" / "six_behaviours.scap")[rule] > 0) == (number == 0)


def test_every_capture_is_looked_at():
    names = {f"{name}.{kind}.scap.gz" for name in RECORDED for kind in ("fires", "near")}
    assert {path.name for path in PLACE.iterdir()} == names
