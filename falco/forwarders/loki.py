"""Alerts as lines of Loki, by its push API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from falco.forwarders.http import HttpClient

if TYPE_CHECKING:
    from falco.config_forwarders import Loki
    from falco.store.record import StoredAlert


class LokiDestination:
    """Batches, a stream for each severity and source. Loki itself drops a line that it has already, with its time."""

    batch = 200

    def __init__(self, settings: Loki) -> None:
        self._settings = settings
        self._labels = dict(pair.split("=", 1) for pair in settings.labels)
        self._client = HttpClient(settings)

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        headers = {"Content-Type": "application/json"}
        if self._settings.tenant:
            headers["X-Scope-OrgID"] = self._settings.tenant
        body = json.dumps({"streams": self._streams(alerts)}, ensure_ascii=False).encode()
        self._client.post(body, headers, "/loki/api/v1/push", whole=True)
        yield len(alerts)

    def idle(self) -> None:
        """Nothing to look after."""

    def close(self) -> None:
        self._client.close()

    def _streams(self, alerts: Sequence[StoredAlert]) -> list[dict[str, object]]:
        values: dict[tuple[str, str], list[list[object]]] = {}
        for alert in alerts:
            line: list[object] = [str(alert.time_ns), alert.json]
            if self._settings.structured_metadata:
                line.append({"falco_alert_id": alert.id})
            values.setdefault((alert.priority.label.lower(), alert.source), []).append(line)
        fixed = {"service_name": "falco"} | self._labels
        return [
            {"stream": fixed | {"priority": priority, "source": source}, "values": lines}
            for (priority, source), lines in values.items()
        ]
