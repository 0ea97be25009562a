"""An alert as one line of text, for destinations that people read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from falco.escape import escape_controls

if TYPE_CHECKING:
    from falco.store.record import StoredAlert


def line(alert: StoredAlert) -> str:
    """The line that 0.15 prints without json_output; nothing in the alert can break out of it."""
    content = json.loads(alert.json)
    text = str(content.get("output", ""))
    if alert.source == "internal":  # Alerts about Falco itself have their text without time and severity.
        text = f"{content.get('time')}: {alert.priority.label} {text}"
    return escape_controls(text)
