from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from falco.commands.audit import AuditInForce, limited
from falco.k8s_audit.event import AuditEvent


def test_a_reload_changes_the_rules():
    first, second = SimpleNamespace(match=lambda _: "first"), SimpleNamespace(match=lambda _: "second")
    rules = AuditInForce(first)  # type: ignore[arg-type]
    event = AuditEvent({}, 0)
    assert rules.match(event) == "first"  # type: ignore[comparison-overlap]
    rules.change(second)  # type: ignore[arg-type]
    assert rules.match(event) == "second"  # type: ignore[comparison-overlap]


def test_a_limit_counts_from_the_first_event():
    events: Any = [AuditEvent({}, second * 10**9) for second in (5, 6, 7, 8)]
    assert len(list(limited(events, 0))) == 4
    assert len(list(limited(events, 2))) == 2
