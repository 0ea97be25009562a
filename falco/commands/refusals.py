"""What bounded tables and queues did not take: told while a run lasts, as alerts may lack what belongs there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from falco.logs import LOG

LOOK_S, AGAIN_S = 1.0, 60.0
"""How often the counts are looked at, and how often, at most, they are told."""
LOOKUPS, UNANSWERED, SHORTENED = "lookups", "unanswered", "shortened"
"""Counts beside those of the state's tables, which have the tables' names."""
_WORDS = {
    LOOKUPS: "{} containers not looked up, as too many were waiting",
    UNANSWERED: "{} events decided without the metadata that they had waited for",
    SHORTENED: "{} events without a parameter that they had no room for",
}

Counts = Mapping[str, int]
"""How much was refused since the run began, by the names of tables and of the counts above."""


def in_words(counts: Counts) -> str:
    """What was refused, as the log has it; empty if that is nothing."""
    tables = ", ".join(f"{count} {name}" for name, count in counts.items() if count and name not in _WORDS)
    parts = [f"The tables of the state were full: {tables} not kept"] if tables else []
    parts += [words.format(counts[name]) for name, words in _WORDS.items() if counts.get(name)]
    return "; ".join(parts)


class Refusals:
    """Tells how counts have grown: at once for the first time, then once a minute. clock gives seconds."""

    def __init__(self, counts: Callable[[], Counts], clock: Callable[[], float]) -> None:
        self._counts, self._clock = counts, clock
        self._told: dict[str, int] = {}
        self._next_look = self._next_telling = 0.0

    def ticking(self, running: Callable[[], bool]) -> Callable[[], bool]:
        """The same question, with a look at the counts every second."""

        def going_on() -> bool:
            now = self._clock()
            if now >= self._next_look:
                self._next_look = now + LOOK_S
                self._look(now)
            return running()

        return going_on

    def _look(self, now: float) -> None:
        if now < self._next_telling:
            return
        counts = dict(self._counts())
        text = in_words({name: count - self._told.get(name, 0) for name, count in counts.items()})
        if text:
            LOG.warning("%s%s", text, " since this was last told" if self._told else "")
            self._told, self._next_telling = counts, now + AGAIN_S
