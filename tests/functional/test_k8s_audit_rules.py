"""Each rule on audit events fires on its events and not on its near misses, as k8s_audit_rules.yaml says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml

from falco.commands import rules
from falco.commands.options import Options
from falco.fields import json_pointer
from falco.k8s_audit.document import decode, read_document
from tests.conftest import TESTS

if TYPE_CHECKING:
    from falco.events.event import Event

SHIPPED = TESTS.parent / "rules" / "k8s_audit_rules.yaml"
CASES = yaml.safe_load((Path(__file__).with_name("k8s_audit_rules.yaml")).read_text(encoding="utf-8"))
LINES = [
    pytest.param(rule, line, kind == "fires", id=f"{rule}-{kind}-{number}")
    for rule, case in CASES.items()
    for kind in ("fires", "not")
    for number, line in enumerate(case[kind])
]
NOTHING = """
- macro: consider_activity_events
  condition: (not jevt.rawtime exists)
"""


@pytest.fixture
def load(tmp_path):
    """The rules with a local file behind them."""

    def made(local):
        path = tmp_path / "local.yaml"
        path.write_text(local)
        return rules.load(Options(), [str(SHIPPED), str(path)])

    return made


def event_of(captures, line):
    name, _, number = line["event"].partition(":")
    text = (captures / "k8s_audit" / name).read_text(encoding="utf-8")
    document = json.loads(text.splitlines()[int(number) - 1] if number else text)
    for pointer, value in line.get("with", {}).items():
        *above, last = json_pointer.parse(pointer)
        inside: Any = json_pointer.read(document, tuple(above))
        key = int(last) if isinstance(inside, list) else last
        if value is None:
            del inside[key]
        else:
            inside[key] = value
    (event,) = read_document(json.dumps(document)).events
    return event


@pytest.mark.parametrize(("rule", "line", "fires"), LINES)
def test_rule(rule, line, fires, load, captures):
    ready = load(CASES[rule].get("local", ""))
    event = event_of(captures, line)
    found = ready.audit.match(event)
    assert (found is not None and found.name == rule) is fires, found and found.name
    if found is not None:
        text = ready.templates[found.name].text(cast("Event", event))
        assert event.json["user"]["username"] in text or rule.startswith("All")
        assert "%" not in text.partition("(")[0]


def test_the_rules_are_those_of_0_15(load):
    found = {rule.name: rule for rule in load("").rules}
    assert list(found) == list(CASES)
    assert len(found) == 32
    for name, case in CASES.items():
        assert found[name].priority_text == case["priority"], name
        assert (found[name].tags, found[name].source) == (("k8s",), "k8s_audit")


def test_activity_can_be_switched_off(load, captures):
    ready = load(NOTHING)
    for rule, case in CASES.items():
        if rule.startswith("K8s "):
            for line in case["fires"]:
                assert getattr(ready.audit.match(event_of(captures, line)), "name", "") not in (
                    rule,
                    "All K8s Audit Events",
                )


def test_recorded_events_run_through(load, captures):
    ready = load("- list: allowed_k8s_users\n  append: true\n  items: [admin]\n")
    found: dict[str, int] = {}
    for line in (captures / "k8s_audit" / "kube-apiserver-1.20.jsonl").read_bytes().splitlines():
        for event in read_document(decode(line)).events:
            rule = ready.audit.match(event)
            if rule is not None:
                found[rule.name] = found.get(rule.name, 0) + 1
                assert ready.templates[rule.name].text(cast("Event", event))
    assert found == {
        "Create Disallowed Namespace": 1,
        "Create/Modify Configmap With Private Credentials": 1,
        "Create Privileged Pod": 2,
        "Attach to cluster-admin Role": 1,
        "Attach/Exec Pod": 2,
    }
