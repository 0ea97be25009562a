"""How much the fd tables of all processes hold together: each is bounded, but there may be very many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.state.limits import MAX_ALL_FDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falco.state.fds import FdInfo
    from falco.state.threads import ThreadInfo

_LONG = 8
"""A name counts as another fd for each 2 to the power of this of its characters, which take about as much memory."""
_GROWN = MAX_ALL_FDS >> 3
_COUNT_AGAIN = 1024


def weight(fd: FdInfo) -> int:
    """What an fd counts for, by itself."""
    return 1 + (len(fd.name) >> _LONG)


class FdRoom:
    """Keeps an upper bound, which knows of what is added and not of what is removed, and counts when it is too large.

    That is done seldom enough to cost nothing: after much was added, or after having refused very often.
    """

    __slots__ = ("_counted", "_refusals", "_taken")

    def __init__(self) -> None:
        self._taken = self._counted = self._refusals = 0

    def take(self, added: int, threads: Mapping[int, ThreadInfo]) -> bool:
        """Whether there is room for so much more in the tables of all threads; it is taken then."""
        self._taken += added
        if self._taken <= MAX_ALL_FDS:
            return True
        self._taken -= added
        if self._taken - self._counted >= _GROWN or self._refusals >= _COUNT_AGAIN:
            self.count(threads)
        if self._taken + added <= MAX_ALL_FDS:
            self._taken += added
            return True
        self._refusals += 1
        return False

    def count(self, threads: Mapping[int, ThreadInfo]) -> None:
        """Find out what is there. Tables share entries, whose names then count once."""
        self._refusals = 0
        long: dict[int, int] = {}
        self._taken = 0
        for thread in threads.values():
            self._taken += len(thread.fds)
            long.update((id(fd), len(fd.name) >> _LONG) for fd in thread.fds.values() if len(fd.name) >> _LONG)
        self._taken += sum(long.values())
        self._counted = self._taken
