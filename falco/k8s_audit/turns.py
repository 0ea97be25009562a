"""Audit events between system calls: waiting ones are held against their rules in short turns, on the one thread that
alerts come from.

Whoever watches system calls gives a turn with work() now and then, and calls pause() instead of sleeping: a pause does
the work that waits, and never lasts longer than the sleep would have. Where alerts have little room left, audit events
are the ones that wait, since their clients can be told to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from falco.engine.failure import RuleFailure
from falco.k8s_audit.document import event_of
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.k8s_audit.event import AuditEvent
    from falco.k8s_audit.queue import AuditQueue

TURN_S = 0.002
"""How long a turn lasts where system calls are waiting too."""
LONG_TURN_S = 0.005
"""How long one lasts where none wait: they may come meanwhile."""


class Matcher(Protocol):
    """The rules in force; may change between two events (reload)."""

    def match(self, event: AuditEvent) -> Rule | None:
        """The first rule that the event matches."""
        ...


class Turns:
    """Takes events from the queue; num is how many there were so far."""

    def __init__(
        self,
        queue: AuditQueue,
        rules: Matcher,
        emit: Callable[[Rule, AuditEvent], None],
        crowded: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.num = 0
        self._queue = queue
        self._rules = rules
        self._emit = emit
        self._crowded = crowded
        self._clock = clock

    def work(self, seconds: float = TURN_S) -> None:
        """Hold events against the rules until none waits or the time is up; one event is always looked at.

        While alerts are crowded events wait: clients are held back then, and alerts on system calls find room.
        """
        if self._crowded():
            return
        end = self._clock() + seconds
        while True:
            text = self._queue.take()
            if text is None:
                return
            event = event_of(text)
            self.num += 1
            event.num = self.num
            self._hold(event)
            if self._clock() >= end:
                return

    def _hold(self, event: AuditEvent) -> None:
        try:
            rule = self._rules.match(event)
        except RuleFailure as error:
            # Who posted this event must not be able to end the watch over everything else with it.
            LOG.error("%s", error)
            return
        if rule is not None:
            self._emit(rule, event)

    def pause(self, seconds: float) -> None:
        """Work, and wait for work, for so long in all; shorter once work came and is done."""
        end = self._clock() + seconds
        if self._queue.wait(seconds):
            before = self.num
            self.work(min(LONG_TURN_S, end - self._clock()))
            if self.num == before:
                time.sleep(min(LONG_TURN_S, max(0.0, end - self._clock())))

    def finish(self, seconds: float) -> None:
        """Work until nothing waits, so long at most."""
        end = self._clock() + seconds
        while len(self._queue) and self._clock() < end:
            self.pause(end - self._clock())
