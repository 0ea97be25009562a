"""Values that are read of a thread once and kept: until its generation changes they cannot be others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.fields.field import Extractor
    from falco.state.state import State
    from falco.state.threads import ThreadInfo


def kept(read: Callable[[State, ThreadInfo], object], absent: object = None) -> Extractor:
    """An extractor of what read finds, which must have PROCESS scope; absent where the event has no thread.

    It pays where reading costs more than some look-ups, as walks to ancestors do.
    """

    def extract(event: Event) -> object:
        thread = event.thread
        if thread is None:
            return absent
        if thread.kept_since != thread.generation:
            thread.kept, thread.kept_since = {}, thread.generation
        values = thread.kept
        if extract not in values:
            values[extract] = read(event.state, thread)
        return values[extract]

    return extract
