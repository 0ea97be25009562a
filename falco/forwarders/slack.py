"""Alerts to an incoming webhook of Slack; Mattermost, Rocket.Chat and others take the same form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from falco.forwarders.http import HttpClient
from falco.forwarders.webhook import id_headers
from falco.priority import Priority

if TYPE_CHECKING:
    from falco.config_forwarders import Slack
    from falco.store.record import StoredAlert

_RED, _ORANGE, _YELLOW, _BLUE = "#d32f2f", "#f57c00", "#fbc02d", "#1976d2"
_LONGEST = 3000
_FIELDS = 20


class SlackDestination:
    """One message for each alert: its text, and its fields below."""

    batch = 20

    def __init__(self, settings: Slack) -> None:
        self._settings = settings
        self._client = HttpClient(settings)

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        for alert in alerts:
            headers = {"Content-Type": "application/json"} | id_headers(alert)
            self._client.post(json.dumps(self._message(alert)).encode(), headers)
            yield 1

    def idle(self) -> None:
        """Nothing to look after."""

    def close(self) -> None:
        self._client.close()

    def _message(self, alert: StoredAlert) -> dict[str, object]:
        content = json.loads(alert.json)
        fields = sorted(content.get("output_fields", {}).items())[:_FIELDS]
        attachment = {
            "color": _colour(alert.priority),
            "fallback": escaped(content.get("output", alert.rule)),
            "text": escaped(content.get("output", "")),
            "fields": [{"title": escaped(k), "value": escaped(str(v)), "short": len(str(v)) < 40} for k, v in fields],
            "ts": alert.time_ns // 1_000_000_000,
        }
        message: dict[str, object] = {
            "text": f"*{alert.priority.label}*: {escaped(alert.rule)}",
            "username": self._settings.sender,
            "attachments": [attachment],
        }
        if self._settings.channel:
            message["channel"] = self._settings.channel
        return message


def escaped(text: str) -> str:
    """Text that Slack shows as it is: it can name nobody (<!channel>) and make no link."""
    return text[:_LONGEST].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _colour(priority: Priority) -> str:
    if priority <= Priority.ERROR:
        return _RED
    return {Priority.WARNING: _ORANGE, Priority.NOTICE: _YELLOW}.get(priority, _BLUE)
