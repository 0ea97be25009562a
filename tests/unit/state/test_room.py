from __future__ import annotations

import pytest

from falco.state import room as module
from falco.state.fds import FdInfo, FdType
from falco.state.room import FdRoom, weight
from tests.events import process


def owner(tid, *names):
    thread = process(tid)
    thread.fds = {number: FdInfo(FdType.FILE, name) for number, name in enumerate(names)}
    return thread


@pytest.fixture
def room(monkeypatch):
    """Room for a hundred; counted again when ten were added, or after three refusals."""
    for name, value in (("MAX_ALL_FDS", 100), ("_GROWN", 10), ("_COUNT_AGAIN", 3)):
        monkeypatch.setattr(module, name, value)
    return FdRoom()


def test_a_long_name_counts_as_more():
    assert [weight(FdInfo(FdType.FILE, "x" * length)) for length in (0, 255, 256, 4096)] == [1, 1, 2, 17]


def test_what_was_removed_is_found_when_there_seems_to_be_no_room(room):
    threads = {7: owner(7, *map(str, range(40)))}
    assert room.take(90, threads)
    assert room.take(60, threads)  # 40 are there in truth.
    assert not room.take(61, threads)


def test_it_is_not_counted_at_each_refusal(room):
    threads = {7: owner(7, *map(str, range(100)))}
    assert room.take(100, threads)
    assert not room.take(1, threads)
    threads.clear()
    assert [room.take(1, threads) for _ in range(4)] == [False, False, True, True]


def test_entries_that_tables_share_have_their_names_once(room):
    first = owner(7, "x" * 2560)
    second = process(8)
    second.fds = dict(first.fds)
    room.count({7: first, 8: second})
    assert not room.take(89, {7: first, 8: second})
    assert room.take(88, {7: first, 8: second})
