"""The limit of alerts: 0.15's token bucket, and the one alert that sums up what was held back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from falco.alert import INTERNAL, Alert
from falco.priority import Priority

RULE = "Falco internal: alert rate limit"
_NAMED_RULES = 20


class TokenBucket:
    """So many tokens a second are gained, up to a number; each action takes one. It begins full."""

    def __init__(self, rate: float, max_burst: float) -> None:
        self._rate = rate
        self._max = max_burst
        self._tokens = max_burst
        self._seen_ns: int | None = None

    def claim(self, now_ns: int) -> bool:
        """Take a token if there is one."""
        if not self.has_room(now_ns):
            return False
        self._tokens -= 1
        return True

    def has_room(self, now_ns: int) -> bool:
        """Whether there is a token."""
        if self._seen_ns is not None and now_ns > self._seen_ns:
            self._tokens = min(self._max, self._tokens + self._rate * (now_ns - self._seen_ns) / 1e9)
        # Time that goes back (a clock that was set) gains nothing, and does not stop the gain from then on.
        self._seen_ns = now_ns
        return self._tokens >= 1


@dataclasses.dataclass(slots=True)
class _HeldBack:
    first_ns: int
    last_ns: int
    by_rule: dict[str, int]


class Throttle:
    """Says which alerts go out. Times are those of the events, so a replay gives the same alerts each time."""

    def __init__(self, rate: float, max_burst: float) -> None:
        self.suppressed = 0
        self._bucket = TokenBucket(rate, max_burst)
        self._held: _HeldBack | None = None

    def admits(self, rule: str, now_ns: int) -> bool:
        """Whether an alert may go out; one that may not is counted."""
        if self._bucket.claim(now_ns):
            return True
        self.suppressed += 1
        held = self._held
        if held is None:
            held = self._held = _HeldBack(now_ns, now_ns, {})
        held.last_ns = now_ns
        held.by_rule[rule] = held.by_rule.get(rule, 0) + 1
        return False

    def summary(self, now_ns: int) -> Alert | None:
        """The alert about what was held back since the last one, None if nothing was."""
        held, self._held = self._held, None
        if held is None:
            return None
        count = sum(held.by_rule.values())
        text = f"{RULE}. {count} alerts were held back by outputs.rate and outputs.max_burst."
        fields = {
            "n_suppressed": count,
            "seconds": f"{(held.last_ns - held.first_ns) / 1e9:.3f}",
            "rules": _named(held.by_rule),
        }
        return Alert(now_ns, RULE, Priority.WARNING, INTERNAL, text, fields)

    def reopened(self, now_ns: int) -> bool:
        """Whether the next alert could go out."""
        return self._bucket.has_room(now_ns)

    @property
    def holding(self) -> bool:
        """Whether anything is held back that no alert has told of."""
        return self._held is not None


def _named(by_rule: Mapping[str, int]) -> str:
    """The rules with their counts, those with most first."""
    most = sorted(by_rule.items(), key=lambda item: -item[1])
    names = ", ".join(f"{rule}: {count}" for rule, count in most[:_NAMED_RULES])
    return names + (f", and {len(most) - _NAMED_RULES} more rules" if len(most) > _NAMED_RULES else "")
