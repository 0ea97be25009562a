"""Alerts as documents of Elasticsearch or OpenSearch, by the bulk API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.http import HttpClient

if TYPE_CHECKING:
    from falco.config_forwarders import Elasticsearch
    from falco.store.record import StoredAlert

_SUFFIX = {"none": "", "daily": "-%Y.%m.%d", "monthly": "-%Y.%m"}
_THERE_ALREADY = 409
_REFUSED = {400, 413}
"""Answers about a document: it does not fit the index's mapping. All others are about the cluster."""


class ElasticsearchDestination:
    """Batches. Documents are created under the alert's id, so a second delivery finds its document there already."""

    batch = 200

    def __init__(self, settings: Elasticsearch) -> None:
        self._settings = settings
        self._client = HttpClient(settings)

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        body = "".join(self._lines(alert) for alert in alerts).encode()
        answer = self._client.post(body, {"Content-Type": "application/x-ndjson"}, "/_bulk", whole=True)
        try:
            results: list[dict[str, Any]] = [item["create"] for item in answer.json()["items"]]
            statuses = [int(result["status"]) for result in results]
        except (ValueError, KeyError, TypeError):
            raise TryLaterError(f"not an answer of the bulk API: {answer.text[:200]!r}") from None
        if len(statuses) != len(alerts):
            raise TryLaterError(f"an answer about {len(statuses)} of {len(alerts)} documents")
        bad = next((i for i, status in enumerate(statuses) if status >= 300 and status != _THERE_ALREADY), None)
        yield len(alerts) if bad is None else bad
        if bad is not None:
            what = f"document refused: {statuses[bad]} {_reason(results[bad])}"
            raise RefusedError(what) if statuses[bad] in _REFUSED else TryLaterError(what)

    def idle(self) -> None:
        """Nothing to look after."""

    def close(self) -> None:
        self._client.close()

    def _lines(self, alert: StoredAlert) -> str:
        day = time.strftime(_SUFFIX[self._settings.index_suffix], time.gmtime(alert.time_ns // 1_000_000_000))
        action = {"create": {"_index": self._settings.index + day, "_id": alert.id}}
        return f"{json.dumps(action)}\n{alert.json}\n"


def _reason(result: dict[str, Any]) -> str:
    error = result.get("error")
    return f"{error.get('type')}: {error.get('reason')}" if isinstance(error, dict) else str(error)
