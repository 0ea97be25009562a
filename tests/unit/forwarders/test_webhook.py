from __future__ import annotations

import pytest

from falco.config_forwarders import Webhook
from falco.forwarders.destination import RefusedError
from falco.forwarders.webhook import WebhookDestination
from tests.unit.forwarders.samples import stored


def test_each_alert_is_posted_byte_for_byte_with_its_id_beside_it(server):
    destination = WebhookDestination(Webhook(url=server.url + "/hook"))
    alerts = [stored(seq) for seq in (1, 2, 3)]
    assert list(destination.send(alerts)) == [1, 1, 1]
    destination.close()
    assert [request.body for request in server.requests] == [alert.json.encode() for alert in alerts]
    for request, alert in zip(server.requests, alerts, strict=True):
        assert request.path == "/hook"
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["X-Falco-Alert-Id"] == request.headers["Idempotency-Key"] == alert.id
        assert alert.id.encode() not in request.body


def test_what_was_delivered_before_a_refusal_is_counted(server, closed):
    server.answers = [(200, {}, b""), (413, {}, b"")]
    counted = []
    with pytest.raises(RefusedError):
        for count in closed(WebhookDestination(Webhook(url=server.url))).send([stored(1), stored(2), stored(3)]):
            counted.append(count)  # noqa: PERF402 - the list before the error is what counts
    assert counted == [1]
