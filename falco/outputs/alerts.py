"""What happens when a rule has matched: count it, fill in its output while the event holds, hand the line out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from falco.alert import Alert

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.outputs.dispatch import Dispatch
    from falco.outputs.format import Formatter
    from falco.stats import RuleCounts


class Template(Protocol):
    """A rule's output, compiled."""

    def text(self, event: Event) -> str:
        """The output filled in, <NA> where a field has no value."""
        ...

    def fields(self, event: Event) -> dict[str, object]:
        """The values of its fields, by the field as written, for JSON."""
        ...


class Alerts:
    """Raises alerts; a reload changes what they look like and where they go between two events."""

    def __init__(self, counts: RuleCounts) -> None:
        self.counts = counts
        self._templates: Mapping[str, Template] = {}
        self._formatter: Formatter
        self._dispatch: Dispatch | None = None

    def change(self, templates: Mapping[str, Template], formatter: Formatter, dispatch: Dispatch) -> None:
        """Raise alerts in another form from now on; templates are by rule name, dispatch is open."""
        before = self._dispatch
        self._templates, self._formatter, self._dispatch = templates, formatter, dispatch
        if before is not None:
            before.close()

    def emit(self, rule: Rule, event: Event) -> None:
        """Raise the alert of a match and count it."""
        template = self._templates[rule.name]
        fields = template.fields(event) if self._formatter.json_output else {}
        self.raise_alert(Alert(event.ts, rule.name, rule.priority, rule.source, template.text(event), fields))
        self.counts.add(rule.name, rule.priority, rule.priority_text)

    def raise_alert(self, alert: Alert) -> None:
        """Hand an alert to the outputs."""
        assert self._dispatch is not None, "change() comes first"
        self._dispatch.write(self._formatter.line(alert), alert.priority)

    def reopen(self) -> None:
        """Reopen the outputs."""
        if self._dispatch is not None:
            self._dispatch.reopen()

    def close(self) -> None:
        """Write what is buffered and close the outputs; once is enough, more does no harm."""
        before, self._dispatch = self._dispatch, None
        if before is not None:
            before.close()
