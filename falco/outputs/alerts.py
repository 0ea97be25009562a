"""What happens when a rule has matched: count it, fill in its output while the event holds, hand the alert out."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, cast

from falco.alert import Alert
from falco.stats import NO_CODE

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.k8s_audit.event import AuditEvent
    from falco.outputs.dispatch import Dispatch
    from falco.outputs.format import Formatter
    from falco.outputs.throttle import Throttle
    from falco.stats import RuleCounts


class Template(Protocol):
    """A rule's output, compiled."""

    @property
    def fetches(self) -> bool:
        """Whether it reads anything that container engines are asked for."""
        ...

    def freeze(self, event: Event) -> Template:
        """The same with all other values as they are now."""
        ...

    def text(self, event: Event | AuditEvent) -> str:
        """The output filled in, <NA> where a field has no value."""
        ...

    def fields(self, event: Event | AuditEvent) -> dict[str, object]:
        """The values of its fields, by the field as written, for JSON."""
        ...


class Store(Protocol):
    """Keeps alerts on disk; it gets every one, whatever the outputs' limit is."""

    @property
    def crowded(self) -> bool:
        """Whether it works and has little room left."""
        ...

    def put(self, alert: Alert) -> None:
        """Take an alert, at once."""
        ...


class Alerts:
    """Raises alerts; a reload changes what they look like and where they go between two events.

    None of its methods but close() waits for an output or the store.
    """

    def __init__(self, counts: RuleCounts) -> None:
        self.counts = counts
        self._templates: Mapping[str, Template] = {}
        self._formatter: Formatter
        self._dispatch: Dispatch | None = None
        self._retired: list[Dispatch] = []
        self._throttle: Throttle | None = None
        self._store: Store | None = None
        self._last_ns = 0

    def change(
        self,
        templates: Mapping[str, Template],
        formatter: Formatter,
        dispatch: Dispatch,
        throttle: Throttle | None = None,
    ) -> None:
        """Raise alerts in another form from now on; templates are by rule name, dispatch is open."""
        self._sum_up()
        before = self._dispatch
        if before is not None:
            before.begin_close()
            dispatch.follow(before)
            self._retired.append(before)
        self._templates, self._formatter, self._dispatch = templates, formatter, dispatch
        self._throttle = throttle

    def keep_in(self, store: Store) -> None:
        """Hand every alert to a store too."""
        self._store = store

    @property
    def crowded(self) -> bool:
        """Whether alerts that can wait should wait, since outputs or the store have little room left."""
        store, dispatch = self._store, self._dispatch
        return (store is not None and store.crowded) or (dispatch is not None and dispatch.crowded)

    def emit(self, rule: Rule, event: Event | AuditEvent) -> None:
        """Raise the alert of a match and count it."""
        self._last_ns = event.ts
        self._emit(rule, self._templates[rule.name], event)

    def output(self, rule: Rule) -> Template:
        """A rule's output as it is now."""
        return self._templates[rule.name]

    def emit_later(self, rule: Rule, output: Template, event: Event) -> None:
        """Raise the alert of a match whose event has gone, with an output that was frozen then."""
        # The limit's clock never steps back.
        self._last_ns = max(self._last_ns, event.ts)
        self._emit(rule, output, event)

    def _emit(self, rule: Rule, template: Template, event: Event | AuditEvent) -> None:
        # Counted before any limit, as in 0.15.
        code = cast("Event", event).code if rule.source == "syscall" else NO_CODE
        self.counts.add(rule.name, rule.priority, rule.priority_text, code)
        now_ns = self._last_ns
        throttle, store = self._throttle, self._store
        admitted = throttle is None or throttle.admits(rule.name, now_ns)
        if not admitted and store is None:
            return
        fields = template.fields(event) if store is not None or self._formatter.json_output else {}
        text = template.text(event)
        alert = Alert(event.ts, rule.name, rule.priority, rule.source, text, fields, rule.tags)
        if store is not None:
            store.put(alert)
        if admitted:
            if throttle is not None and throttle.holding:
                self._sum_up()
            self._write(alert, self._formatter)

    def raise_alert(self, alert: Alert) -> None:
        """Hand an alert about Falco itself to the outputs and the store; any thread may."""
        if self._store is not None:
            self._store.put(alert)
        # A copy, because a formatter keeps the second that it formatted last and belongs to one thread.
        self._write(alert, copy.copy(self._formatter))

    def tick(self, now_ns: int) -> None:
        """Tell of what was held back if the limit has room again; for times in which no alert comes."""
        throttle = self._throttle
        if throttle is not None and throttle.holding and throttle.reopened(now_ns):
            self._last_ns = now_ns
            self._sum_up()

    def ticking(self, running: Callable[[], bool]) -> Callable[[], bool]:
        """What says whether to go on, asked often even if no event comes, with tick() called each time."""

        def going_on() -> bool:
            self.tick(time.time_ns())
            return running()

        return going_on

    def reopen(self) -> None:
        """Reopen the outputs."""
        if self._dispatch is not None:
            self._dispatch.reopen()

    def close(self) -> None:
        """Deliver what is queued and close the outputs; once is enough, more does no harm."""
        self._sum_up()
        closing, self._retired = self._retired, []
        if self._dispatch is not None:
            closing.append(self._dispatch)
            self._dispatch = None
        since = time.monotonic()
        for dispatch in closing:
            dispatch.begin_close()  # All of them at once, so that together they take no longer than one.
        for dispatch in closing:
            dispatch.close(since)

    def _sum_up(self) -> None:
        summary = self._throttle.summary(self._last_ns) if self._throttle is not None else None
        if summary is not None:
            self._write(summary, self._formatter)

    def _write(self, alert: Alert, formatter: Formatter) -> None:
        dispatch = self._dispatch
        # None between close() and the end: the store's thread may still have something to tell.
        if dispatch is not None:
            dispatch.write(formatter.line(alert), alert.priority)
