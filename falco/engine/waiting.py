"""Events that wait for what a container engine has yet to say, and what becomes of them.

While a container's metadata is being fetched, whether a rule holds may depend on the answer, and so may what its alert
says. Then the event waits: what the rules and outputs read of it is kept, state goes on, and it is decided once, when
the answer is there or has become too late. Time is that of events, so that a replay waits in the same way.

A container that comes to life is told of twice, by its first process and by the answer: a rule that holds for both
gives one alert, that of the process. So the event of the answer waits for the process.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, cast

from falco.engine.held import Held, left_of, remains_of
from falco.events.table import codes_named
from falco.filter.interpret import evaluate
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.filter.ast import Node
    from falco.outputs.alerts import Template
    from falco.state.containers import Container
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

DEFAULT_MS = 500
MOST = 8192
"""Events that may wait. When another comes, the oldest is decided as if its answer were too late."""
_CONTAINER = frozenset(codes_named("container"))
_EXEC = frozenset(code for name in ("execve", "execveat") for code in codes_named(name) if code & 1)
_MOST_STARTS = 1024


class Rules(Protocol):
    """The rules in force."""

    def match(self, event: Event) -> Rule | None:
        """The first rule that the event matches."""
        ...

    def may_match(self, event: Event) -> bool:
        """Whether any rule can match, whatever is still to be fetched for the event."""
        ...

    def conditions(self, event: Event) -> Iterator[tuple[Rule, Node]]:
        """The rules that are tried on the event, in order, each with what has to hold."""
        ...


class Alerts(Protocol):
    """Where matches go."""

    def output(self, rule: Rule) -> Template:
        """A rule's output."""
        ...

    def emit_later(self, rule: Rule, output: Template, event: Event) -> None:
        """Raise the alert of a match whose event has gone, with an output that was frozen then."""
        ...


@dataclasses.dataclass(slots=True)
class _Start:
    """A container's coming to life. alerted are the rules that its first process has given alerts by."""

    executed: bool = False
    alerted: set[str] = dataclasses.field(default_factory=set)
    told: Held | None = None

    def saw(self, rule: Rule | None) -> None:
        """Its first process runs, and has given an alert by this rule."""
        self.executed = True
        if rule is not None:
            self.alerted.add(rule.name)


class Waiting:
    """Finds the rule for an event as the rules in force do, if it can be found now; else keeps the event.

    held counts events that have waited, unanswered those of them that were decided without an answer. is_own tells
    which events are Falco's own asking for answers, and no alert's matter.
    """

    def __init__(self, state: State, rules: Rules, alerts: Alerts, wait_ns: int, most: int = MOST) -> None:
        self.held = self.unanswered = 0
        self._state, self._rules, self._alerts = state, rules, alerts
        self._wait_ns, self._most = wait_ns, most
        self._fetching = state.fetching
        self._queue: deque[Held] = deque()
        self._starts: dict[str, _Start] = {}
        self._full = False
        self.is_own: Callable[[Event], bool] = lambda _: False
        state.fetching.before, state.fetching.after = self.pass_time, self._answered

    def match(self, event: Event) -> Rule | None:
        """The first rule that the event matches, if that can be said now."""
        if self._queue or self._fetching or self._starts or event.code in _CONTAINER:
            rule = self._look(event)
        else:
            rule = self._rules.match(event)
        return None if rule is not None and self.is_own(event) else rule

    def pass_time(self, ts: int) -> None:
        """It is ts (ns since the epoch): whose time is over is decided without an answer."""
        queue = self._queue
        while queue and queue[0].until < ts:
            self._decide(queue.popleft())

    def ticking(self, running: Callable[[], bool], now_ns: Callable[[], int]) -> Callable[[], bool]:
        """What says whether to go on, asked often even if no event comes, with pass_time() called each time."""

        def going_on() -> bool:
            if self._queue:
                self.pass_time(now_ns())
            return running()

        return going_on

    def finish(self) -> None:
        """There are no more events: decide what still waits."""
        while self._queue:
            self._decide(self._queue.popleft())

    # -- events ------------------------------------------------------------------------------------------------

    def _look(self, event: Event) -> Rule | None:
        self.pass_time(event.ts)
        thread = event.thread
        container_id = "" if thread is None else thread.container_id
        if not container_id:
            return self._rules.match(event)
        if event.code in _CONTAINER:
            return self._match_told(event, container_id)
        starts = thread is not None and thread.vpid == 1 and event.code in _EXEC and event.error == 0
        if container_id in self._fetching and self._fetching.is_expected(container_id, event.ts):
            rule = self._hold(event, container_id, starts) if self._rules.may_match(event) else None
            if starts:
                self._start(container_id).saw(rule)
            return rule
        rule = self._rules.match(event)
        if starts and container_id in self._starts:
            self._executed(container_id, rule)
        return rule

    def _hold(self, event: Event, container_id: str, starts: bool) -> Rule | None:
        """The rule if none before it, nor its output, depends on the answer; else keep the event, if any may match."""
        rules: list[tuple[Rule, Node | bool, Template]] = []
        for rule, node in self._rules.conditions(event):
            left = left_of(rule, node, event)
            if left is False:
                continue
            output = self._alerts.output(rule)
            if left is True and not rules and not output.fetches:
                return rule
            rules.append((rule, left, output.freeze(event)))
            if left is True:
                break
        if rules and not self.is_own(event):
            remains = remains_of(event, container_id)
            self._keep(Held(event.ts + self._wait_ns, remains, starts, rules))
        return None

    def _keep(self, held: Held) -> None:
        self.held += 1
        if len(self._queue) >= self._most:
            if not self._full:
                LOG.warning("%s events wait for metadata of containers: the oldest are decided without", self._most)
            self._full = True
            self._decide(self._queue.popleft())
        self._queue.append(held)

    def _decide(self, held: Held) -> None:
        """Hold what is left of an event against the rules, once."""
        event = held.remains
        container_id = cast("ThreadInfo", event.thread).container_id
        known = self._state.containers.get(container_id)
        self.unanswered += known is None or known.is_stub
        start = self._starts.get(container_id)
        if start is not None and start.told is held:
            del self._starts[container_id]
        for rule, node, output in held.rules:
            if node is True or (node is not False and evaluate(node, event)):
                if held.starts:
                    self._start(container_id).alerted.add(rule.name)
                self._alerts.emit_later(rule, output, event)
                return

    def _answered(self, container: Container) -> None:
        """The answer about a container is in the tables: decide what has waited for it, in order."""
        if not self._queue:
            return
        waiting, others = list[Held](), deque[Held]()
        for held in self._queue:
            mine = cast("ThreadInfo", held.remains.thread).container_id == container.id
            (waiting if mine else others).append(held)
        self._queue = others
        for held in waiting:
            self._decide(held)

    # -- containers that come to life ----------------------------------------------------------------------------

    def _start(self, container_id: str) -> _Start:
        found = self._starts.get(container_id)
        if found is None:
            if len(self._starts) >= _MOST_STARTS:
                del self._starts[next(iter(self._starts))]
            found = self._starts[container_id] = _Start()
        return found

    def _match_told(self, event: Event, container_id: str) -> Rule | None:
        """The rule for the event of an answer, unless the container's first process has said the same or may yet."""
        rule, start = self._rules.match(event), self._starts.pop(container_id, None)
        if rule is None or (start is not None and rule.name in start.alerted):
            return None
        if start is not None and start.executed:
            return rule
        frozen = self._alerts.output(rule).freeze(event)
        told = Held(event.ts + self._wait_ns, remains_of(event, container_id), False, [(rule, True, frozen)])
        self._start(container_id).told = told
        self._keep(told)
        return None

    def _executed(self, container_id: str, rule: Rule | None) -> None:
        """The first process of a container that has been told of runs: what both say is said by this."""
        start = self._starts.pop(container_id)
        told = start.told
        if told is None:
            return
        self._queue.remove(told)
        if rule is None or rule.name != told.rules[0][0].name:
            self._decide(told)
