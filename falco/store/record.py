"""An alert as it is kept: its place, its id, its JSON, and what it is searched by."""

from __future__ import annotations

import dataclasses

from falco.priority import Priority

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TAG_END = "\x1f"


@dataclasses.dataclass(frozen=True, slots=True)
class StoredAlert:
    """seq counts the alerts of one store from 1 and is the order in which they are delivered.

    time_ns is the event's time, stored_ns the time of the commit; json is the alert as 0.15's json_output prints it.
    """

    seq: int
    id: str
    time_ns: int
    stored_ns: int
    rule: str
    priority: Priority
    source: str
    tags: tuple[str, ...]
    json: str


def alert_id(stored_ns: int, store: int, seq: int) -> str:
    """An id that no other alert has: 26 characters that sort as the alerts of one store do.

    The form is that of a ULID: 48 bits of milliseconds, then 40 bits that are random for each store and 40 of seq.
    """
    number = (stored_ns // 1_000_000 & 0xFFFFFFFFFFFF) << 80 | (store & 0xFFFFFFFFFF) << 40 | seq & 0xFFFFFFFFFF
    return "".join(_BASE32[number >> shift & 31] for shift in range(125, -1, -5))


def joined(tags: tuple[str, ...]) -> str:
    """Tags as the table holds them."""
    return "".join(tag + _TAG_END for tag in tags)


def from_row(row: tuple[int, str, int, int, str, int, str, str, str]) -> StoredAlert:
    """A row of the table, its columns in schema.COLUMNS' order."""
    seq, name, time_ns, stored_ns, rule, priority, source, tags, text = row
    split = tuple(tags.split(_TAG_END)[:-1])
    return StoredAlert(seq, name, time_ns, stored_ns, rule, Priority(priority), source, split, text)
