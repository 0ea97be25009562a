"""-M: a source that ends after a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.monitor import Source

_NS = 1_000_000_000


class Limited:
    """The events of a source up to a number of seconds after its first one, by the events' own time."""

    def __init__(self, source: Source, seconds: int) -> None:
        self._source = source
        self._limit_ns = seconds * _NS

    def __iter__(self) -> Iterator[Event]:
        """Yield events while the time lasts."""
        end_ns = None
        for event in self._source:
            if end_ns is None:
                # The source may have passed over the first event; the state knows its time.
                end_ns = (event.state.first_ts or event.ts) + self._limit_ns
            if event.ts >= end_ns:
                return
            yield event

    def locate(self, error: Exception) -> Exception | None:
        """The error with the current event's place in the source; None to go on behind the event."""
        return self._source.locate(error)
