"""Alerts to Prometheus' Alertmanager, by its API v2."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from falco.forwarders.http import HttpClient

if TYPE_CHECKING:
    from falco.config_forwarders import Alertmanager
    from falco.store.record import StoredAlert


class AlertmanagerDestination:
    """Batches. The alert's id is a label, which makes each alert one of its own and a second delivery the same one."""

    batch = 100

    def __init__(self, settings: Alertmanager) -> None:
        self._settings = settings
        self._labels = dict(pair.split("=", 1) for pair in settings.labels)
        self._client = HttpClient(settings)

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        body = json.dumps([self._alert(alert) for alert in alerts]).encode()
        self._client.post(body, {"Content-Type": "application/json"}, "/api/v2/alerts", whole=True)
        yield len(alerts)

    def idle(self) -> None:
        """Nothing to look after."""

    def close(self) -> None:
        self._client.close()

    def _alert(self, alert: StoredAlert) -> dict[str, object]:
        output = json.loads(alert.json).get("output", "")
        labels = {
            "alertname": alert.rule,
            "severity": alert.priority.label.lower(),
            "source": alert.source,
            "falco_alert_id": alert.id,
        }
        start_s = alert.time_ns / 1e9
        return {
            "labels": self._labels | labels,
            "annotations": {"summary": alert.rule, "description": output, "json": alert.json},
            "startsAt": _rfc3339(start_s),
            "endsAt": _rfc3339(max(start_s, time.time()) + self._settings.expires),
        }


def _rfc3339(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()
