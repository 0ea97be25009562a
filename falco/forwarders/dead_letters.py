"""Alerts that a destination does not want: kept, listed, and sent again when someone asks for it."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from pathlib import Path

from falco.store.record import StoredAlert, from_row, joined
from falco.store.schema import COLUMNS

_TABLE = """
CREATE TABLE IF NOT EXISTS letters (
    seq INTEGER NOT NULL, id TEXT PRIMARY KEY, time_ns INTEGER NOT NULL, stored_ns INTEGER NOT NULL,
    rule TEXT NOT NULL, priority INTEGER NOT NULL, source TEXT NOT NULL, tags TEXT NOT NULL, json TEXT NOT NULL,
    reason TEXT NOT NULL, refusals INTEGER NOT NULL, put_aside_ns INTEGER NOT NULL, again INTEGER NOT NULL DEFAULT 0
)
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Letter:
    """An alert with why it was refused, how often, and when it was put aside (ns)."""

    alert: StoredAlert
    reason: str
    refusals: int
    put_aside_ns: int
    again: bool


class DeadLetters:
    """The dead letters of one forwarder, in its directory. sqlite3.Error from each method."""

    def __init__(self, folder: Path) -> None:
        path = folder / "dead_letters.db"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        self._database = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(_TABLE)

    def add(self, alert: StoredAlert, reason: str, refusals: int, now_ns: int) -> None:
        """Put an alert aside; once more if it was refused again."""
        row = (
            *(alert.seq, alert.id, alert.time_ns, alert.stored_ns, alert.rule, int(alert.priority), alert.source),
            *(joined(alert.tags), alert.json, reason, refusals, now_ns),
        )
        marks = ",".join("?" * len(row))
        self._database.execute(f"INSERT OR REPLACE INTO letters VALUES ({marks}, 0)", row)

    def all(self, *, again: bool = False) -> list[Letter]:
        """All letters, oldest first, or only those that are to be sent again."""
        where = "WHERE again" if again else ""
        rows = self._database.execute(
            f"SELECT {COLUMNS}, reason, refusals, put_aside_ns, again FROM letters {where} ORDER BY put_aside_ns, seq"
        )
        return [Letter(from_row(row[:9]), row[9], row[10], row[11], bool(row[12])) for row in rows.fetchall()]

    def count(self) -> int:
        """How many there are."""
        return int(self._database.execute("SELECT count(*) FROM letters").fetchone()[0])

    def send_again(self, name: str | None = None) -> int:
        """Mark one letter by its id, or all of them, to be sent again; how many that are."""
        where, values = ("WHERE id = ?", (name,)) if name is not None else ("", ())
        return self._database.execute(f"UPDATE letters SET again = 1 {where}", values).rowcount

    def remove(self, name: str) -> None:
        """It was delivered after all."""
        self._database.execute("DELETE FROM letters WHERE id = ?", (name,))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
