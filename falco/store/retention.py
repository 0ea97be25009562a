"""What is removed from the store, and when: by age and size, but nothing that an enabled forwarder still waits for,
until the hard limit leaves no choice.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from falco.store import cursors
from falco.store.schema import identity, last_seq, used_bytes

_DAY_NS = 86_400_000_000_000
_STEP = 1000
"""Alerts that are removed in one transaction: the writer must not hold up new ones for long."""
_MB = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """keep_days 0 means without end; sizes are in MB. forwarders are the enabled ones, which have to be waited for."""

    keep_days: float = 7.0
    max_size_mb: int = 512
    hard_limit_mb: int = 1024
    forwarders: Sequence[str] = ()


@dataclasses.dataclass(slots=True)
class Removed:
    """How many alerts were removed, and how many of them some enabled forwarder had not delivered."""

    alerts: int = 0
    undelivered: int = 0


def delivered(database: sqlite3.Connection, path: Path, forwarders: Sequence[str]) -> int:
    """The number of the last alert that every enabled forwarder is done with."""
    mine, done = identity(database), last_seq(database)
    for name in forwarders:
        cursor = cursors.read(cursors.directory(path, name))
        done = min(done, cursor.seq if cursor.store == mine else 0)
    return done


def prune(database: sqlite3.Connection, path: Path, limits: Limits, now_ns: int) -> Removed:
    """Remove what is to be removed. sqlite3.Error."""
    removed = Removed()
    done = delivered(database, path, limits.forwarders)
    if limits.keep_days:
        oldest_ns = now_ns - int(limits.keep_days * _DAY_NS)
        while count := _remove(database, "stored_ns < ? AND seq <= ?", oldest_ns, done):
            removed.alerts += count
    while used_bytes(database) > limits.max_size_mb * _MB and (count := _remove(database, "seq <= ?", done)):
        removed.alerts += count
    while used_bytes(database) > max(limits.hard_limit_mb, limits.max_size_mb) * _MB:
        count = _remove(database, "1")
        if not count:
            break
        removed.alerts += count
        removed.undelivered += count
    if removed.alerts:
        # A plain execute() would take the first step only, which frees one page.
        database.executescript("PRAGMA incremental_vacuum")
    return removed


def _remove(database: sqlite3.Connection, where: str, *values: int) -> int:
    """Of the oldest alerts, a step of them, remove those that meet a condition; how many it were.

    Times and numbers grow together, so whatever meets it stands at the front: no need to look at the whole table.
    """
    inner = f"SELECT seq FROM (SELECT seq, stored_ns FROM alerts ORDER BY seq LIMIT {_STEP}) WHERE {where}"
    return database.execute(f"DELETE FROM alerts WHERE seq IN ({inner})", values).rowcount
