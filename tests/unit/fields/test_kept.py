from __future__ import annotations

from typing import TYPE_CHECKING, cast

from falco.fields.kept import kept
from falco.state.state import State
from tests.events import process

if TYPE_CHECKING:
    from falco.events.event import Event


class Seen:
    def __init__(self, state, thread):
        self.state, self.thread = state, thread


def test_a_thread_is_read_once_for_each_generation():
    state, thread, reads = State(), process(7), []
    state.add_thread(thread)

    def read(_, of):
        reads.append(of.tid)
        return of.comm

    first, second = kept(read), kept(read)
    event = cast("Event", Seen(state, thread))
    assert [extract(event) for extract in (first, first, second)] == [thread.comm] * 3
    assert len(reads) == 2
    thread.comm = "other"
    state.lineage.changed(thread)
    assert (first(event), second(event), first(event), len(reads)) == ("other", "other", "other", 4)


def test_nothing_is_a_value_to_keep_and_no_thread_has_none():
    state, thread, reads = State(), process(7), []
    state.add_thread(thread)
    extract = kept(lambda _, of: reads.append(of), absent=())
    event = cast("Event", Seen(state, thread))
    assert (extract(event), extract(event), len(reads)) == (None, None, 1)
    assert extract(cast("Event", Seen(state, None))) == ()
