"""Each default rule on this host: its action of the event generator fires it, the near miss beside that does not.

What runs "in a container" is a process in a cgroup such as Docker makes (docker/<64 hexadecimal digits>), with no
engine behind it. Rules about the start of containers need one: test_started_containers.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from falco.engine.items import priority_named
from tests.live.product import DEFAULT_RULES, Alert, Product
from tests.live.rules_in_force import ACTIONS, CONTAINER, RULES, generate, overrides

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")
LIVE = [name for name, action in ACTIONS.items() if not action.engine]


# No engine knows the container that is imitated, so nothing is gained by letting events wait for its answer.
CONFIG = "containers: {wait_ms: 0}\nalert_store: {enabled: false}\n"


@pytest.fixture(scope="module")
def falco(tmp_path_factory):
    folder = tmp_path_factory.mktemp("falco")
    with Product(folder, [DEFAULT_RULES, overrides(folder / "overrides.yaml")], config=CONFIG) as product:
        yield product


def alerts_of(falco, rule: str, *options: str) -> tuple[str, list[Alert]]:
    """What an action shows of itself, and the alerts of a rule that came of it."""
    before = len(falco.alerts(rule))
    shown = generate(*options).rstrip("\n").partition("\t")[2]
    falco.catch_up()
    return shown, falco.alerts(rule)[before:]


@pytest.mark.parametrize("name", LIVE)
def test_a_rule_fires(falco, name):
    rule = ACTIONS[name].rule
    shown, found = alerts_of(falco, rule, "--action", name)
    assert [one for one in found if shown in one["output"]], (shown, found, falco.alerts()[-5:])
    priority = priority_named(RULES[rule]["priority"])
    assert {one["priority"] for one in found} == {priority.label if priority else ""}


@pytest.mark.parametrize("name", LIVE)
def test_its_near_miss_does_not(falco, name):
    shown, found = alerts_of(falco, ACTIONS[name].rule, "--near-misses", "--action", name)
    assert shown
    assert found == []


def test_everything_is_undone():
    """Nothing bears the generator's name, or is its container's, after all of it was done."""
    for name in LIVE:
        generate("--action", name)
    places = ("/", "/dev", "/etc", "/etc/cron.d", "/etc/apt/sources.list.d", "/home", "/root", "/tmp", "/usr/bin",
              "/usr/share", "/usr/local/lib", "/var/lib", "/var/log", "/sys/fs/cgroup/pids/docker")  # fmt: skip
    names = [path for place in places if Path(place).is_dir() for path in Path(place).iterdir()]
    assert [path for path in names if "falco-event-generator" in path.name or path.name == CONTAINER] == []


def test_every_rule_has_a_pair():
    assert sorted(action.rule for action in ACTIONS.values()) == sorted(RULES)
