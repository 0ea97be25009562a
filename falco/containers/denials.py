"""Containers that nothing was found out about: for a while they are not looked up any more."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable

FIRST_S, LONGEST_S = 10.0, 600.0
"""For how long, at first and at most; each further time in a row takes twice as long as the one before."""
KEPT = 4096
"""Ids that are remembered, the latest."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Denial:
    until: float
    seconds: float


class Denials:
    """By a container's id. clock gives seconds that never step back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._denied: OrderedDict[str, _Denial] = OrderedDict()

    def __len__(self) -> int:
        return len(self._denied)

    def __contains__(self, short: str) -> bool:
        """Whether a container is not to be looked up now."""
        denial = self._denied.get(short)
        return denial is not None and self._clock() < denial.until

    def add(self, short: str) -> None:
        """Nothing was found out about a container."""
        before = self._denied.pop(short, None)
        seconds = FIRST_S if before is None else min(2 * before.seconds, LONGEST_S)
        self._denied[short] = _Denial(self._clock() + seconds, seconds)
        if len(self._denied) > KEPT:
            self._denied.popitem(last=False)

    def lift(self, short: str) -> None:
        """Something was found out about a container after all."""
        self._denied.pop(short, None)
