"""Runs over Kubernetes audit events: the replay of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.engine.rule import Rule
    from falco.k8s_audit.event import AuditEvent
    from falco.k8s_audit.replay import AuditReader
    from falco.k8s_audit.ruleset import AuditRuleset

_NS = 1_000_000_000


class AuditInForce:
    """The rules that audit events are held against; a reload puts others in their place between two events."""

    __slots__ = ("match",)

    def __init__(self, ruleset: AuditRuleset) -> None:
        self.match: Callable[[AuditEvent], Rule | None]
        self.change(ruleset)

    def change(self, ruleset: AuditRuleset) -> None:
        """Put other rules in force."""
        self.match = ruleset.match


def limited(reader: AuditReader, seconds: int) -> Iterator[AuditEvent]:
    """-M: the events up to so many seconds after the first one, by their own times; all if seconds is 0."""
    end_ns = None
    for event in reader:
        if end_ns is None:
            end_ns = event.ts + seconds * _NS
        if seconds and event.ts >= end_ns:
            return
        yield event
