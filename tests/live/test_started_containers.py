"""Rules about the start of containers on this host: a real engine runs what fires each, and the near miss beside it."""

from __future__ import annotations

import os

import pytest

from falco.engine.items import priority_named
from tests.live.engines import Engines
from tests.live.product import DEFAULT_RULES, Product
from tests.live.rules_in_force import ACTIONS, RULES, generate, switches_file

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")
STARTED = [name for name, action in ACTIONS.items() if action.engine]


@pytest.fixture(scope="module")
def engines():
    with Engines() as engines:
        yield engines


@pytest.fixture(scope="module")
def falco(engines, tmp_path_factory):
    folder = tmp_path_factory.mktemp("falco")
    rules = [DEFAULT_RULES, switches_file(folder / "switches.yaml")]
    with Product(folder, rules, config=engines.config(wait_ms=8000)) as product:
        yield product


def started(falco, engines, name, *options):
    """The alerts of an action's rule about the container that it started."""
    before = len(falco.alerts())
    shown = generate("--action", name, *options, env=engines.podman.by_hand).rstrip("\n").partition("\t")[2]
    assert shown.startswith("falco-event-generator")
    falco.catch_up()
    found = falco.alerts()[before:]
    return [one for one in found if one["rule"] == ACTIONS[name].rule and f"{shown} " in one["output"]]


def test_these_are_the_rules_about_starts():
    assert {ACTIONS[name].rule for name in STARTED} == {
        rule for rule, item in RULES.items() if "container_started" in item["condition"]
    }


@pytest.mark.parametrize("name", STARTED)
def test_a_rule_fires(falco, engines, name):
    (alert,) = started(falco, engines, name)
    priority = priority_named(RULES[ACTIONS[name].rule]["priority"])
    assert alert["priority"] == (priority.label if priority else "")
    assert "command=sleep 5 " in alert["output"]


@pytest.mark.parametrize("name", STARTED)
def test_its_near_miss_does_not(falco, engines, name):
    assert started(falco, engines, name, "--near-misses") == []
