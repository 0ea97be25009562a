from __future__ import annotations

import datetime
import json

import pytest

from falco.config_forwarders import Alertmanager
from falco.forwarders.alertmanager import AlertmanagerDestination
from falco.forwarders.destination import RefusedError
from tests.unit.forwarders.samples import stored


def test_a_batch_becomes_alerts_with_labels(server):
    destination = AlertmanagerDestination(Alertmanager(url=server.url, labels=("team=a=b",)))
    alerts = [stored(1), stored(2)]
    assert list(destination.send(alerts)) == [2]
    destination.close()
    (request,) = server.requests
    assert request.path == "/api/v2/alerts"
    sent = json.loads(request.body)
    assert [each["labels"] for each in sent] == [
        {
            "alertname": "Write below etc", "severity": "warning", "source": "syscall", "team": "a=b",
            "falco_alert_id": alert.id,
        }
        for alert in alerts
    ]  # fmt: skip
    start, end = (datetime.datetime.fromisoformat(sent[0][key]) for key in ("startsAt", "endsAt"))
    assert start.isoformat() == "2016-08-04T16:17:57.882055+00:00"
    assert end > datetime.datetime.now(datetime.UTC)
    assert sent[0]["annotations"]["json"] == alerts[0].json


def test_a_batch_that_is_refused_is_refused_as_a_whole(server, closed):
    server.answers = [(400, {}, b"bad label")]
    with pytest.raises(RefusedError) as caught:
        list(closed(AlertmanagerDestination(Alertmanager(url=server.url))).send([stored(1), stored(2)]))
    assert caught.value.whole
