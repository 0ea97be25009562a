"""One event's way from its source to an alert: read this function from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, cast

from falco.events.decode import EventError

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.k8s_audit.event import AuditEvent
    from falco.state.state import State


class Source(Protocol):
    """Where events come from. It frames each into the same Event and may pass over those that nobody wants."""

    def __iter__(self) -> Iterator[Event]: ...

    def locate(self, error: Exception) -> Exception | None:
        """The error with the current event's place in the source; None to go on behind the event."""
        ...


class Matcher(Protocol):
    """The rules in force; may change between two events (reload)."""

    def match(self, event: Event) -> Rule | None:
        """The first rule that the event matches."""
        ...


class Alerts(Protocol):
    """Where matches go."""

    def emit(self, rule: Rule, event: Event) -> None:
        """Format the alert now, while the event holds, and hand it to the outputs."""
        ...


class AuditMatcher(Protocol):
    """The rules in force for Kubernetes audit events."""

    def match(self, event: AuditEvent) -> Rule | None:
        """The first rule that the event matches."""
        ...


class Controls(Protocol):
    """What the user asks for while we run."""

    @property
    def pending(self) -> bool:
        """Whether anything was asked for: looked at after every event."""
        ...

    def act(self) -> bool:
        """Do what was asked for; False to stop."""
        ...


class Recorder(Protocol):
    """Writes what passes by into a capture."""

    def write(self, event: Event) -> None:
        """Take the current event."""
        ...


def monitor(
    source: Source, state: State, rules: Matcher, alerts: Alerts, controls: Controls, recorder: Recorder | None = None
) -> None:
    """Run until the source ends or the user stops it. Whatever the source raises comes out with its place."""
    for event in source:
        try:
            state.apply(event)  # Threads, fds, users, containers as of this event.
            if recorder is not None:
                recorder.write(event)
            if not event.hidden:
                rule = rules.match(event)  # Code compiled for this event type; the first match wins.
                if rule is not None:
                    alerts.emit(rule, event)
        except EventError as error:
            located = source.locate(error)
            if located is not None:
                raise located from None
        if state.unsettled:
            state.settle()  # Removals that had to wait until the rules have looked (close, exit).
        if controls.pending and not controls.act():
            break


def monitor_audit(source: Iterable[AuditEvent], rules: AuditMatcher, alerts: Alerts, controls: Controls) -> None:
    """The same for Kubernetes audit events, which have no state and only rules of their own."""
    for event in source:
        rule = rules.match(event)
        if rule is not None:
            alerts.emit(rule, cast("Event", event))  # The rule's output was compiled for this source's fields.
        if controls.pending and not controls.act():
            break
