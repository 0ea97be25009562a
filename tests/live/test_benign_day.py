"""An ordinary day with the default rules: no alert of NOTICE or above. What is below is counted and shown."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.live import benign_day
from tests.live.product import DEFAULT_RULES, Product
from tests.live.rules_in_force import overrides

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")
LOW = ("Informational", "Debug")


@pytest.fixture(scope="module")
def falco(tmp_path_factory):
    folder = tmp_path_factory.mktemp("falco")
    rules = [DEFAULT_RULES, overrides(folder / "own.yaml", switches=False)]
    with Product(folder, rules, config="alert_store: {enabled: false}\n") as product:
        yield product
    benign_day.tidy_up()


@pytest.mark.parametrize("act", benign_day.DAY, ids=[act.__name__ for act in benign_day.DAY])
def test_nothing_to_tell_of(falco, act, record_property):
    before = len(falco.alerts())
    # Services have users of their own, who could not get to pytest's directories.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        act(Path(place))
    falco.catch_up()
    found = [alert for alert in falco.alerts()[before:] if alert["rule"] != "Mark"]
    record_property("low", dict(Counter(alert["rule"] for alert in found if alert["priority"] in LOW)))
    assert [alert["output"] for alert in found if alert["priority"] not in LOW] == []
