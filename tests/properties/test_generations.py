"""A thread whose generation is what it was has the same values in all fields of PROCESS scope as it had.

So what is kept of it until its generation changes is what is found when it is read anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import open_stream
from falco.events.decode import EventError
from falco.events.event import Event
from falco.events.table import EVENT_TABLE, codes_named
from falco.fields.field import Argument, Extractor, Field, Scope
from falco.fields.registry import SYSCALL_FIELDS
from falco.state import container_table
from falco.state import tables as module
from falco.state.handlers import HANDLERS, PROCESS_LIFE
from falco.state.state import State
from tests.conftest import CAPTURES
from tests.properties.test_state import event
from tests.unit.state.conftest import machine

if TYPE_CHECKING:
    from falco.state.threads import ThreadInfo
    from tests.events import Built

ARGUMENTS = {"proc.": ("0", "1", "2", "3"), "container.mount": ("0", "/x"), "k8s.": ("x",)}
MEANT = PROCESS_LIFE | {
    code for name in ("container", "useradded", "userdeleted", "groupadded", "groupdeleted", "procexit")
    for code in codes_named(name)
}  # fmt: skip
SYMBOLS = tuple(t.symbol for t in EVENT_TABLE if t.code in MEANT and t.params and HANDLERS[t.code])


def _extractors(field: Field) -> Iterator[Extractor]:
    """What compares and what prints the field, with some arguments if it takes any."""
    yield from filter(None, (field.extract, field.compared))
    if field.argument is not Argument.NONE:
        assert field.bind is not None
        arguments = next(known for prefix, known in ARGUMENTS.items() if field.name.startswith(prefix))
        yield from map(field.bind, arguments)


EXTRACTORS: list[tuple[str, Callable[[Event], object]]] = [
    (field.name, extract) for field in SYSCALL_FIELDS if field.scope is Scope.PROCESS for extract in _extractors(field)
]


def values(state: State, current: Event) -> dict[int, tuple[ThreadInfo, int, list[object]]]:
    """By tid: the thread, its generation and what its fields say now."""
    found = {}
    for tid, thread in state.threads.items():
        current.thread = thread
        found[tid] = thread, thread.generation, [extract(current) for _, extract in EXTRACTORS]
        assert found[tid][2] == read_anew(current, thread)
    return found


def read_anew(current: Event, thread: ThreadInfo) -> list[object]:
    """What the thread's fields say without anything that is kept of it."""
    before, thread.kept_since = (thread.kept, thread.kept_since), -1
    try:
        return [extract(current) for _, extract in EXTRACTORS]
    finally:
        thread.kept, thread.kept_since = before


def check(
    before: dict[int, tuple[ThreadInfo, int, list[object]]], now: dict[int, tuple[ThreadInfo, int, list[object]]]
) -> None:
    for tid, (thread, generation, read) in now.items():
        known, known_generation, known_read = before.get(tid, (None, 0, []))
        if known is thread and known_generation == generation:
            changed = [name for (name, _), a, b in zip(EXTRACTORS, known_read, read, strict=True) if a != b]
            assert not changed, (tid, changed)


def follow(state: State, events: list[Built]) -> None:
    current, reading = Event(state), Event(state)
    before = values(state, reading)
    for number, built in enumerate(events, 1):
        with contextlib.suppress(EventError):
            state.apply(built.frame(current, number))
        now = values(state, reading)
        check(before, now)
        if state.unsettled:
            state.settle()
        before = values(state, reading)
        check(now, before)


@pytest.mark.parametrize("full", [False, True])
@settings(max_examples=300)
@given(data=st.data())
def test_any_events(full: bool, data: st.DataObject) -> None:
    events = data.draw(st.lists(event(SYMBOLS), min_size=1, max_size=20))
    with pytest.MonkeyPatch.context() as patch:
        if full:
            patch.setattr(module, "MAX_THREADS", 6)
            patch.setattr(container_table, "MAX_CONTAINERS", 2)
        follow(machine(), events)


@pytest.mark.parametrize("name", ["run_as_user_0_container", "made/six_behaviours"])
def test_captures(name: str) -> None:
    state = State()
    reading, before = Event(state), None
    with contextlib.closing(open_stream(str(Path(CAPTURES) / f"{name}.scap"))) as stream:
        for current in Reader(stream, Event(state), state.load):
            state.apply(current)
            if current.code in MEANT:
                now = values(state, reading)
                check(before or {}, now)
                before = now
            if state.unsettled:
                state.settle()
    assert before
