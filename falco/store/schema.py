"""The database of the alert store: its tables, their versions, and how it is opened for writing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

COLUMNS = "seq, id, time_ns, stored_ns, rule, priority, source, tags, json"

MIGRATIONS: Sequence[Sequence[str]] = (
    (
        """
        CREATE TABLE alerts (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL,
            time_ns INTEGER NOT NULL,
            stored_ns INTEGER NOT NULL,
            rule TEXT NOT NULL,
            priority INTEGER NOT NULL,
            source TEXT NOT NULL,
            tags TEXT NOT NULL,
            json TEXT NOT NULL
        )
        """,
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "INSERT INTO meta VALUES ('identity', lower(hex(randomblob(5))))",
    ),
)
"""The statements that lead from each version of the tables to the next; PRAGMA user_version counts the versions. Only
ever add to its end.
"""

APPLICATION = 0x46616C63
"""PRAGMA application_id, so that file(1) and we know whose database it is."""

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SchemaError(sqlite3.DatabaseError):
    """The database is of a newer Falco, or of another program."""


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether an error means that the file's content is damaged, as against a full disk or missing rights."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _CORRUPT


def open_writing(path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> sqlite3.Connection:
    """The database, made or brought up to date, for writing. sqlite3.Error or OSError if that cannot be."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite would make the file readable for all; its log and shared memory get the same mode as the file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    made = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    try:
        made.execute("PRAGMA auto_vacuum=INCREMENTAL")
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("PRAGMA synchronous=FULL")
        made.execute("PRAGMA journal_size_limit=8388608")
        _migrate(made, migrations)
        damage = made.execute("PRAGMA quick_check(1)").fetchone()[0]
    except BaseException:
        made.close()
        raise
    if damage != "ok":
        made.close()
        error = sqlite3.DatabaseError(damage)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
    return made


def _migrate(database: sqlite3.Connection, migrations: Sequence[Sequence[str]]) -> None:
    while (version := _version(database, len(migrations))) < len(migrations):
        database.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have taken the step while we waited for our turn.
            if _version(database, len(migrations)) == version:
                for statement in migrations[version]:
                    database.execute(statement)
                database.execute(f"PRAGMA user_version={version + 1}")
                database.execute(f"PRAGMA application_id={APPLICATION}")
            database.execute("COMMIT")
        except sqlite3.Error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


def _version(database: sqlite3.Connection, known: int) -> int:
    """The version of the tables; SchemaError if they are none that can be brought to the last known one."""
    version = database.execute("PRAGMA user_version").fetchone()[0]
    owner = database.execute("PRAGMA application_id").fetchone()[0]
    if version > known:
        raise SchemaError(f"made by a newer Falco (version {version} of the tables, {known} are known)")
    if version and owner != APPLICATION:
        raise SchemaError("the database of another program")
    return int(version)


def identity(database: sqlite3.Connection) -> str:
    """What tells this store from every other: ten hexadecimal digits. A new file has another one."""
    return str(database.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()[0])


def last_seq(database: sqlite3.Connection) -> int:
    """The number of the last alert that was ever stored, removed ones included; 0 if there was none."""
    row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'alerts'").fetchone()
    return int(row[0]) if row else 0


def newest(database: sqlite3.Connection) -> tuple[int, int]:
    """The number of the last alert that was ever stored, and when the last one that is there was (ns; 0 if none is)."""
    row = database.execute("SELECT stored_ns FROM alerts ORDER BY seq DESC LIMIT 1").fetchone()
    return last_seq(database), int(row[0]) if row else 0


def used_bytes(database: sqlite3.Connection) -> int:
    """How much of the file is in use."""
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)
