from __future__ import annotations

import json

import pytest

from falco.alert import INTERNAL, Alert
from falco.commands.delivery import let_out, limits, stores
from falco.config import load
from falco.errors import FalcoError
from falco.outputs.alerts import Alerts
from falco.priority import Priority
from falco.stats import RuleCounts


def configured(*options):
    return load(None, options).config


def test_an_output_that_cannot_be_opened_is_an_error():
    wanted = configured("file_output.enabled=true", "file_output.filename=/none/x")
    with pytest.raises(FalcoError, match="Error with file output: /none/x"):
        let_out(Alerts(RuleCounts()), wanted, {}, replay=True)


@pytest.mark.parametrize(
    ("enabled", "replay", "stored"),
    [("auto", True, False), ("auto", False, True), ("true", True, True), ("false", False, False)],
)
def test_alerts_are_stored_in_live_runs_unless_told_otherwise(enabled, replay, stored):
    assert stores(configured(f"alert_store.enabled={enabled}"), replay=replay) == stored


def test_the_store_waits_for_the_forwarders_that_are_enabled():
    found = limits(configured("forwarders.webhook.enabled=true", "forwarders.webhook.url=x", "alert_store.keep_days=3"))
    assert (found.forwarders, found.keep_days, found.max_size_mb) == (("webhook",), 3, 512)


def test_form_and_outputs_are_those_of_the_configuration(tmp_path):
    path = tmp_path / "f"
    wanted = configured(
        "json_output=true", "stdout_output.enabled=false", "file_output.enabled=true", f"file_output.filename={path}"
    )
    alerts = Alerts(RuleCounts())
    let_out(alerts, wanted, {}, replay=True)
    alerts.raise_alert(Alert(0, "x", Priority.ERROR, INTERNAL, "x", {}))
    alerts.close()
    assert json.loads(path.read_text())["priority"] == "Error"
