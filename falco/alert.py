"""An alert: what a rule that matched has to say, before it becomes a line of text or JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.priority import Priority

INTERNAL = "internal"
"""The source of alerts that Falco raises about itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class Alert:
    """time_ns is the event's time since the epoch; text is the rule's output filled in, without time and priority.

    fields holds the values of the output's fields, without the time: text, whole numbers, floats, booleans or None.
    It stays empty where nothing prints it. tags are the rule's; no output prints them, filters of forwarders read them.
    """

    time_ns: int
    rule: str
    priority: Priority
    source: str
    text: str
    fields: Mapping[str, object]
    tags: tuple[str, ...] = ()
