"""What a call's enter event told, kept for its exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State
    from falco.state.threads import ThreadInfo


def store_enter(state: State, event: Event) -> None:
    """Keep an enter's parameters for its exit."""
    del state
    if event.thread is not None:
        event.thread.enter = event.params()


def enter_of(thread: ThreadInfo, event: Event, count: int) -> tuple[bytes, ...] | None:
    """The parameters of the enter that this exit belongs to, None unless it came right before and has count of them.

    They are handed out once: a second exit has no enter.
    """
    enter, thread.enter = thread.enter, None
    if enter is None or thread.last_code + 1 != event.code or len(enter) < count:
        return None
    return enter


def call_params(thread: ThreadInfo, event: Event, count: int, at: int) -> tuple[bytes, ...] | None:
    """A call's parameters: of its enter, or of a self-contained exit (newer writers) from index `at` on."""
    enter = enter_of(thread, event, count)
    if enter is not None:
        return enter
    if event.nparams >= at + count:
        return tuple(event.raw(i) for i in range(at, at + count))
    return None
