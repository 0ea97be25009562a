from __future__ import annotations

import sqlite3

import pytest

from falco.priority import Priority
from falco.store.query import Reader, Selection
from falco.store.record import StoredAlert, joined
from falco.store.schema import SchemaError, open_writing


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a #?%b" / "alerts.db"  # Characters that mean something in a URI.


def fill(path, *alerts):
    database = open_writing(path)
    for seq, (rule, priority, tags) in enumerate(alerts, 1):
        row = (seq, f"id{seq}", seq * 10, seq * 100, rule, int(priority), "syscall", joined(tags), "{}")
        database.execute("INSERT INTO alerts VALUES (?,?,?,?,?,?,?,?,?)", row)
    return database


ALERTS = [
    ("Write below etc", Priority.ERROR, ("filesystem",)),
    ("Terminal shell", Priority.NOTICE, ("container", "shell")),
    ("Write below dev", Priority.WARNING, ()),
]


def test_alerts_come_in_order_and_in_pages(path):
    fill(path, *ALERTS).close()
    with Reader(path) as reader:
        assert [alert.seq for alert in reader.after(0, 2)] == [1, 2]
        assert [alert.seq for alert in reader.after(2, 2)] == [3]
        assert reader.after(3, 2) == []
        assert reader.after(0, 1) == [
            StoredAlert(1, "id1", 10, 100, "Write below etc", Priority.ERROR, "syscall", ("filesystem",), "{}")
        ]


def test_how_many_wait_and_since_when(path):
    fill(path, *ALERTS).close()
    with Reader(path) as reader:
        assert reader.waiting(0) == (3, 100)
        assert reader.waiting(1) == (2, 200)
        assert reader.waiting(3) == (0, 0)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Selection(), [1, 2, 3]),
        (Selection(since_ns=20), [2, 3]),
        (Selection(priority=Priority.WARNING), [1, 3]),
        (Selection(rules=["Write below *"]), [1, 3]),
        (Selection(rules=["Terminal shell", "x"]), [2]),
        (Selection(rules=["terminal shell"]), []),
        (Selection(tags=["shell", "filesystem"]), [1, 2]),
        (Selection(tags=["shell"], priority=Priority.ERROR), []),
    ],
)
def test_selections(path, wanted, found):
    fill(path, *ALERTS).close()
    with Reader(path) as reader:
        assert [alert.seq for alert in reader.select(wanted)] == found


def test_changes_by_the_writer_are_seen(path):
    database = fill(path, *ALERTS)
    with Reader(path) as reader:
        before = reader.changes()
        assert reader.changes() == before
        database.execute("INSERT INTO alerts VALUES (9, '', 0, 0, '', 0, '', '', '')")
        assert reader.changes() != before
    database.close()


def test_a_reader_cannot_change_the_store_nor_make_one(path):
    with pytest.raises(sqlite3.OperationalError):
        Reader(path)
    assert not path.exists()


def test_another_database_is_no_store(tmp_path):
    other = sqlite3.connect(tmp_path / "x")
    other.execute("CREATE TABLE alerts (a)")
    other.close()
    with pytest.raises(SchemaError, match="not a store"):
        Reader(tmp_path / "x")


def test_what_a_damaged_store_still_has(path):
    database = fill(path)
    rows = [(seq, f"id{seq}", 0, 0, "r", 4, "s", "", "j" * 500) for seq in range(1, 2001)]
    database.execute("BEGIN")
    database.executemany("INSERT INTO alerts VALUES (?,?,?,?,?,?,?,?,?)", rows)
    database.execute("COMMIT")
    database.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
    with Reader(path) as reader:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            reader.after(0, 2000)
        found = [alert.seq for alert in reader.behind_damage(0, 2000)]
        assert found[0] == 1
        assert found[-1] == 2000
        assert 1900 < len(found) < 2000
        assert [alert.seq for alert in reader.behind_damage(1990, 5)] == [1991, 1992, 1993, 1994, 1995]
