"""The pause between two tries: doubled each time up to a limit, and never the same for two forwarders."""

from __future__ import annotations

import random
from collections.abc import Callable

_FIRST_S = 0.5
_LONGEST_ASKED_S = 3600.0


class Backoff:
    """Pauses of half to whole of a time that doubles. What a server asks for is kept to, up to an hour."""

    def __init__(self, longest_s: float, chance: Callable[[], float] = random.random) -> None:
        self._longest_s = longest_s
        self._chance = chance
        self._next_s = min(_FIRST_S, longest_s)

    def pause(self, asked_s: float | None = None) -> float:
        """The next pause (s)."""
        pause = self._next_s * (0.5 + self._chance() / 2)
        self._next_s = min(2 * self._next_s, self._longest_s)
        return pause if asked_s is None else max(pause, min(asked_s, _LONGEST_ASKED_S))

    def reset(self) -> None:
        """It worked."""
        self._next_s = min(_FIRST_S, self._longest_s)
