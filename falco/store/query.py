"""Reading the store, in short transactions that keep the writer from nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from falco.priority import Priority
from falco.store.record import StoredAlert, from_row
from falco.store.schema import APPLICATION, COLUMNS, MIGRATIONS, SchemaError, identity

_PAGE = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which alerts are wanted: as severe as priority, of a rule that looks like one of rules, with one of tags."""

    since_ns: int = 0
    priority: Priority = Priority.DEBUG
    rules: Sequence[str] = ()
    tags: Sequence[str] = ()

    def takes(self, alert: StoredAlert) -> bool:
        """Whether an alert is among them. In names of rules * stands for any text."""
        return (
            alert.time_ns >= self.since_ns
            and alert.priority <= self.priority
            and (not self.rules or any(fnmatch.fnmatchcase(alert.rule, pattern) for pattern in self.rules))
            and (not self.tags or not set(self.tags).isdisjoint(alert.tags))
        )


class NotYetError(sqlite3.OperationalError):
    """The file is there, but whoever makes the store of it has not come far enough."""


class Reader:
    """A store opened for reading. sqlite3.Error from each method, when the store is not there or damaged."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            owner = self._database.execute("PRAGMA application_id").fetchone()[0]
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if not self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise NotYetError(f"{path}: not yet a store")
            if owner != APPLICATION or version > len(MIGRATIONS):
                raise SchemaError(f"{path}: not a store that this Falco knows")
            self.identity = identity(self._database)
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store."""
        self._database.close()

    def changes(self) -> int:
        """A number that is another one when the store has changed; cheap enough to ask for many times a second."""
        return int(self._database.execute("PRAGMA data_version").fetchone()[0])

    def after(self, seq: int, count: int) -> list[StoredAlert]:
        """The next alerts behind one, in order, so many at most."""
        rows = self._database.execute(
            f"SELECT {COLUMNS} FROM alerts WHERE seq > ? ORDER BY seq LIMIT ?", (seq, count)
        ).fetchall()
        return [from_row(row) for row in rows]

    def behind_damage(self, seq: int, count: int) -> list[StoredAlert]:
        """As after(), when that fails because the file is damaged: what can be read, after trying one by one."""
        last = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'alerts'").fetchone()[0]
        found: list[StoredAlert] = []
        for number in range(seq + 1, last + 1):
            with contextlib.suppress(sqlite3.DatabaseError):
                row = self._database.execute(f"SELECT {COLUMNS} FROM alerts WHERE seq = ?", (number,)).fetchone()
                if row is not None:
                    found.append(from_row(row))
            if len(found) == count:
                break
        return found

    def waiting(self, seq: int) -> tuple[int, int]:
        """How many alerts there are behind one, and when the first of them was stored (ns; 0 if there is none)."""
        last = self._database.execute("SELECT max(seq) FROM alerts").fetchone()[0] or 0
        row = self._database.execute(
            "SELECT seq, stored_ns FROM alerts WHERE seq > ? ORDER BY seq LIMIT 1", (seq,)
        ).fetchone()
        # Alerts are removed from the front only, so the numbers between have no holes.
        return (last - row[0] + 1, row[1]) if row else (0, 0)

    def select(self, wanted: Selection, seq: int = 0) -> Iterator[StoredAlert]:
        """All alerts behind one that are wanted."""
        while page := self.after(seq, _PAGE):
            yield from filter(wanted.takes, page)
            seq = page[-1].seq
