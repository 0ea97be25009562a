"""Users and groups that appear or go while events are read (events of newer writers)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import text, unsigned
from falco.state.users import Group, User

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

MAX_ACCOUNTS = 65536
"""Entries that events may make of users, and of groups."""


def user_added(state: State, event: Event) -> None:
    """A user became known, or changed; those of containers are not the host's."""
    uid, gid = unsigned(event.raw(0)), unsigned(event.raw(1))
    if not text(event.raw(5)) and (uid in state.users or len(state.users) < MAX_ACCOUNTS):
        state.users[uid] = User(uid, gid, *(text(event.raw(i)) for i in (2, 3, 4)))


def user_deleted(state: State, event: Event) -> None:
    """A user is gone."""
    if not text(event.raw(5)):
        state.users.pop(unsigned(event.raw(0)), None)


def group_added(state: State, event: Event) -> None:
    """A group became known, or changed."""
    gid = unsigned(event.raw(0))
    if not text(event.raw(2)) and (gid in state.groups or len(state.groups) < MAX_ACCOUNTS):
        state.groups[gid] = Group(gid, text(event.raw(1)))


def group_deleted(state: State, event: Event) -> None:
    """A group is gone."""
    if not text(event.raw(2)):
        state.groups.pop(unsigned(event.raw(0)), None)
