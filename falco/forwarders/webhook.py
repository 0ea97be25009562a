"""Each alert posted as the JSON of 0.15, byte for byte, so that falcosidekick and all who know Falco take it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from falco.forwarders.http import HttpClient

if TYPE_CHECKING:
    from falco.config_forwarders import Webhook
    from falco.store.record import StoredAlert


class WebhookDestination:
    """One request for each alert; its id is in headers, where receivers that know it can tell a second delivery."""

    batch = 100

    def __init__(self, settings: Webhook) -> None:
        self._client = HttpClient(settings)

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        for alert in alerts:
            headers = {"Content-Type": "application/json"} | id_headers(alert)
            self._client.post(alert.json.encode(), headers)
            yield 1

    def idle(self) -> None:
        """Nothing to look after."""

    def close(self) -> None:
        self._client.close()


def id_headers(alert: StoredAlert) -> dict[str, str]:
    """The headers that carry an alert's id."""
    return {"X-Falco-Alert-Id": alert.id, "Idempotency-Key": alert.id}
