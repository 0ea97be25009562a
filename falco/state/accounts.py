"""Users and groups that appear or go while events are read (events of newer writers)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from falco.events.decode import text, unsigned
from falco.state.limits import MAX_ACCOUNTS
from falco.state.users import Group, User

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

_Row = TypeVar("_Row", User, Group)


def user_added(state: State, event: Event) -> None:
    """A user became known, or changed; those of containers are not the host's."""
    uid, gid = unsigned(event.raw(0)), unsigned(event.raw(1))
    if not text(event.raw(5)):
        _enter(state, state.users, uid, User(uid, gid, *(text(event.raw(i)) for i in (2, 3, 4))))


def _enter(state: State, rows: dict[int, _Row], number: int, row: _Row) -> None:
    if number in rows or len(rows) < MAX_ACCOUNTS:
        rows[number] = row
        state.lineage.all_changed()
    else:
        state.refused["accounts"] += 1


def user_deleted(state: State, event: Event) -> None:
    """A user is gone."""
    if not text(event.raw(5)):
        state.users.pop(unsigned(event.raw(0)), None)
        state.lineage.all_changed()


def group_added(state: State, event: Event) -> None:
    """A group became known, or changed."""
    gid = unsigned(event.raw(0))
    if not text(event.raw(2)):
        _enter(state, state.groups, gid, Group(gid, text(event.raw(1))))


def group_deleted(state: State, event: Event) -> None:
    """A group is gone."""
    if not text(event.raw(2)):
        state.groups.pop(unsigned(event.raw(0)), None)
        state.lineage.all_changed()
