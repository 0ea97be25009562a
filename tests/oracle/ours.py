"""What this program says about a capture, in sysdig's terms: all events, nothing ignored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import open_stream
from falco.events.event import Event
from falco.fields.registry import SYSCALL_FIELDS
from falco.fields.template_compiler import compile_template
from falco.state.state import State

_SEPARATOR = "\x1f"


def each(path: Path, look: Callable[[Event], None]) -> None:
    """Call look on every event that is not hidden, after state has applied it."""
    state = State(all_events=True)
    with contextlib.closing(open_stream(str(path))) as stream:
        for event in Reader(stream, Event(state), state.load):
            state.apply(event)
            if not event.hidden:
                look(event)
            if state.unsettled:
                state.settle()


@cache
def codes(path: Path) -> frozenset[int]:
    """The codes of all events shown."""
    found: set[int] = set()
    each(path, lambda event: found.add(event.code))
    return frozenset(found)


def values(path: Path, fields: list[str]) -> dict[int, tuple[int, dict[str, str]]]:
    """Event number -> the event's code and field as written -> text, of every event shown."""
    rows: dict[int, tuple[int, dict[str, str]]] = {}
    template = compile_template(_SEPARATOR.join(f"%{field}" for field in fields), SYSCALL_FIELDS)

    def look(event: Event) -> None:
        texts = template.text(event).split(_SEPARATOR)
        rows[event.num] = event.code, dict(zip(fields, texts, strict=True))

    each(path, look)
    return rows
