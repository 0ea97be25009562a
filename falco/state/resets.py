"""What every event does to its thread before the handlers, by its half and by whether it uses an fd.

An enter is noted for its exit; an exit learns what it works on from its enter if that came right before it, else from
its own parameters (sinsp_parser::reset).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events.decode import UNSIGNED, signed
from falco.events.event import ABSENT, Event
from falco.events.table import EVENT_TABLE, EventType
from falco.events.types import EventFlag, ParamType

if TYPE_CHECKING:
    from falco.state.threads import ThreadInfo

Reset = Callable[["Event", "ThreadInfo"], None]

LAST_015 = 311
"""The last code that 0.15 knows."""


def _own_fd(event_type: EventType) -> int:
    """Where an exit event that uses an fd carries it itself (newer writers), ABSENT if it never does."""
    fds = (i for i, param in enumerate(event_type.params) if i and param.type == ParamType.FD)
    return next(fds, ABSENT)


_OWN_FD = tuple(map(_own_fd, EVENT_TABLE))
_ENTER_LACKS_FD = tuple(
    t.code > LAST_015 and not t.enter and not EVENT_TABLE[t.code - 1].flags & EventFlag.USES_FD for t in EVENT_TABLE
)
"""Exits of calls whose enter has no parameters in any version. 0.15's setsockopt, the first of them, shows no fd."""


def _enter(event: Event, thread: ThreadInfo) -> None:
    thread.last_code = event.code
    thread.enter_ts = event.ts
    thread.enter = None
    thread.last_fd = -1


def _enter_with_fd(event: Event, thread: ThreadInfo) -> None:
    thread.last_code = event.code
    thread.enter_ts = event.ts
    thread.enter = None
    number = event.first()
    if number is None:
        thread.last_fd = -1
    else:
        thread.last_fd = number
        event.fd = thread.main.fds.get(number)


def _exit(event: Event, thread: ThreadInfo) -> None:
    if thread.enter_ts:
        event.latency = event.ts - thread.enter_ts & UNSIGNED


def _exit_with_result(event: Event, thread: ThreadInfo) -> None:
    if thread.enter_ts:
        event.latency = event.ts - thread.enter_ts & UNSIGNED
    result = event.first()
    if result is not None and result < 0:
        event.error = -result


def _exit_with_fd(event: Event, thread: ThreadInfo) -> None:
    _exit_with_result(event, thread)
    code = event.code
    matched = thread.last_code + 1 == code
    if not matched or _ENTER_LACKS_FD[code]:
        raw = event.raw(_OWN_FD[code])
        if raw:
            thread.last_fd = signed(raw)
            matched = True
    if matched:
        event.fd = thread.main.fds.get(thread.last_fd)


def _exit_that_creates(reset: Reset) -> Reset:
    """Of a call that makes an fd: where it failed and its enter did not come, as on a live host, there is none.

    Its enter would have said so. Without it the fd would be that of whatever the thread did before.
    """

    def creates(event: Event, thread: ThreadInfo) -> None:
        reset(event, thread)
        if event.error and thread.last_code + 1 != event.code:
            thread.last_fd = -1

    return creates


def _reset_of(event_type: EventType) -> Reset | None:
    uses_fd = bool(event_type.flags & EventFlag.USES_FD)
    if event_type.name == "switch":
        return None  # The call that the thread is in goes on when it is its turn again.
    if event_type.enter:
        return _enter_with_fd if uses_fd else _enter
    if uses_fd:
        reset = _exit_with_fd
    else:
        reset = _exit_with_result if event_type.params and event_type.params[0].name in ("res", "fd") else _exit
    return _exit_that_creates(reset) if event_type.flags & EventFlag.CREATES_FD else reset


RESETS = tuple(map(_reset_of, EVENT_TABLE))
"""Event code -> what it does before its handler, None for nothing."""
