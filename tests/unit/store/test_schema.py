from __future__ import annotations

import sqlite3
import stat

import pytest

from falco.store.schema import (
    MIGRATIONS,
    SchemaError,
    identity,
    is_corrupt,
    last_seq,
    open_writing,
    used_bytes,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "down" / "alerts.db"


def test_a_new_store_is_only_for_its_owner(path):
    database = open_writing(path)
    database.execute("INSERT INTO meta VALUES ('x', 'y')")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for end in ("", "-wal", "-shm"):
        assert stat.S_IMODE(path.with_name(path.name + end).stat().st_mode) == 0o600
    database.close()


def test_what_is_committed_survives_the_loss_of_power(path):
    database = open_writing(path)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)
    database.close()


def test_the_identity_stays_with_the_file(path):
    first = open_writing(path)
    name = identity(first)
    first.close()
    again = open_writing(path)
    assert identity(again) == name
    again.close()
    path.unlink()
    other = open_writing(path)
    assert identity(other) != name
    other.close()


def test_the_last_number_is_known_when_its_alert_is_gone(path):
    database = open_writing(path)
    assert last_seq(database) == 0
    database.execute("INSERT INTO alerts VALUES (41, '', 0, 0, '', 0, '', '', '')")
    database.execute("DELETE FROM alerts")
    assert last_seq(database) == 41
    assert used_bytes(database) > 0
    database.close()


def test_an_older_store_is_brought_up_to_date_and_keeps_its_alerts(path):
    database = open_writing(path)
    name = identity(database)
    database.execute("INSERT INTO alerts VALUES (1, 'i', 0, 0, '', 0, '', '', '{}')")
    database.close()
    later = [*MIGRATIONS, ["ALTER TABLE alerts ADD COLUMN host TEXT NOT NULL DEFAULT ''"], ["CREATE TABLE more (a)"]]
    database = open_writing(path, later)
    assert database.execute("PRAGMA user_version").fetchone() == (3,)
    assert database.execute("SELECT id, host FROM alerts").fetchall() == [("i", "")]
    assert identity(database) == name
    database.close()
    with pytest.raises(SchemaError, match="newer Falco"):
        open_writing(path)


def test_a_step_that_fails_leaves_the_version_before(path):
    open_writing(path).close()
    with pytest.raises(sqlite3.Error):
        open_writing(path, [*MIGRATIONS, ["CREATE TABLE half (a)", "nonsense"]])
    database = open_writing(path)
    assert database.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
    database.close()


def test_the_database_of_another_program_is_left_alone(path):
    path.parent.mkdir(parents=True)
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=1")
    other.close()
    with pytest.raises(SchemaError, match="another program"):
        open_writing(path)


@pytest.mark.parametrize("damage", [b"nonsense" * 1000, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_damaged_file_is_told_from_other_errors(path, damage):
    path.parent.mkdir(parents=True)
    path.write_bytes(damage)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        open_writing(path)
    assert is_corrupt(caught.value)
    assert not is_corrupt(sqlite3.OperationalError("disk full"))


def test_damage_in_the_middle_is_found_when_opening(path):
    database = open_writing(path)
    rows = [(seq, "x" * 26, 0, 0, "r", 0, "s", "", "j" * 500) for seq in range(1, 2000)]
    database.execute("BEGIN")
    database.executemany("INSERT INTO alerts VALUES (?,?,?,?,?,?,?,?,?)", rows)
    database.execute("COMMIT")
    database.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20000] = b"\xff" * 20000
    path.write_bytes(content)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        open_writing(path)
    assert is_corrupt(caught.value)


def test_a_link_is_not_followed(path, tmp_path):
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        open_writing(path)
    assert not (tmp_path / "elsewhere").exists()
