"""What happens when system calls were lost between kernel and Falco: 0.15's actions, limited by its token bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from falco.alert import INTERNAL, Alert
from falco.capture.live.drops import CAUSES, RING_FULL
from falco.errors import FalcoError
from falco.logs import LOG
from falco.outputs.throttle import TokenBucket
from falco.priority import Priority

if TYPE_CHECKING:
    from falco.config_schema import SyscallEventDrops
    from falco.events.event import Event
    from falco.monitor import Source

RULE = "Falco internal: syscall event drop"
SIMULATED = "simulated by syscall_event_drops.simulate_drops"
_SECOND_NS = 1_000_000_000
_NAMED_RULES = 20


class DropActions:
    """Takes what was lost, counts it and acts. detected and acted are what the summary at the end tells."""

    def __init__(
        self, wanted: SyscallEventDrops, raise_alert: Callable[[Alert], None], watching: Callable[[], Sequence[str]]
    ) -> None:
        """Watching gives the names of the rules that hold system calls against themselves: those that were blind.

        All of them: the probe counts what it loses by cause, and a lost call of one kind (a start, an open) leaves
        rules on other kinds without the program's or the file's name.
        """
        self.detected = 0
        self.acted = 0
        self.total = 0
        self._raise_alert = raise_alert
        self._watching = watching
        self._untold = 0
        self.change(wanted)

    def change(self, wanted: SyscallEventDrops) -> None:
        """Act as another configuration says from now on."""
        self._actions = wanted.actions
        self._simulate = wanted.simulate_drops
        self._bucket = TokenBucket(wanted.rate, wanted.max_burst)

    def take(self, now_ns: int, lost: Mapping[str, int], events: int = 0) -> None:
        """Act on what was lost in the last second, by cause. events is how many there were so far.

        FalcoError if the action is to exit.
        """
        count = sum(lost.values())
        if not count:
            return
        self.detected += 1
        self.total += count
        if not self._bucket.claim(now_ns):
            self._untold += count
            return
        self.acted += 1
        self._act(self._alert(now_ns, lost, events))
        self._untold = 0

    def ticking(self, running: Callable[[], bool], now_ns: Callable[[], int]) -> Callable[[], bool]:
        """What says whether a live run goes on, and with simulate_drops loses an event each second as well."""
        if not self._simulate:
            return running
        next_ns = now_ns() + _SECOND_NS

        def going_on() -> bool:
            nonlocal next_ns
            now = now_ns()
            if now > next_ns:
                next_ns = now + _SECOND_NS
                self.take(now, {SIMULATED: 1})
            return running()

        return going_on

    def _act(self, alert: Alert) -> None:
        if "log" in self._actions:
            fields = " ".join(f"{key}={value}" for key, value in sorted(alert.fields.items()))
            LOG.critical("%s (%s)", alert.text, fields)
        if "alert" in self._actions:
            self._raise_alert(alert)
        if "exit" in self._actions:
            raise FalcoError(alert.text)

    def _alert(self, now_ns: int, lost: Mapping[str, int], events: int) -> Alert:
        count = sum(lost.values())
        in_buffer = lost.get(CAUSES[RING_FULL], 0)
        fields = {
            # The first six are 0.15's; its page faults cannot happen to this probe.
            "n_evts": events,
            "n_drops": count,
            "n_drops_buffer": in_buffer,
            "n_drops_pf": 0,
            "n_drops_bug": count - in_buffer,
            "ebpf_enabled": 1,
            "n_drops_untold": self._untold,
            "causes": ", ".join(f"{cause}: {number}" for cause, number in lost.items()),
            "blind_rules": _named(self._watching()),
        }
        text = f"{RULE}. {count} system calls dropped in last second."
        return Alert(now_ns, RULE, Priority.CRITICAL, INTERNAL, text, fields)


class Simulated:
    """A source that reports one lost event each second, by its events' own time: simulate_drops of 0.15's tests."""

    def __init__(self, source: Source, actions: DropActions) -> None:
        self._source = source
        self._actions = actions

    def __iter__(self) -> Iterator[Event]:
        """Yield the events; FalcoError if the action is to exit."""
        next_ns = 0
        for event in self._source:
            if not next_ns:
                next_ns = event.ts + _SECOND_NS
            elif event.ts > next_ns:
                next_ns = event.ts + _SECOND_NS
                self._actions.take(event.ts, {SIMULATED: 1}, event.num)
            yield event

    def locate(self, error: Exception) -> Exception | None:
        """The error with the current event's place in the source; None to go on behind the event."""
        return self._source.locate(error)


def _named(rules: Sequence[str]) -> str:
    more = f", and {len(rules) - _NAMED_RULES} more" if len(rules) > _NAMED_RULES else ""
    return ", ".join(rules[:_NAMED_RULES]) + more
