from __future__ import annotations

import pytest

from falco.store import cursors
from falco.store.retention import Limits, delivered, prune
from falco.store.schema import identity, open_writing, used_bytes

DAY = 86_400_000_000_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "alerts.db"


@pytest.fixture
def database(path):
    made = open_writing(path)
    yield made
    made.close()


def fill(database, count, size=10, stored_ns=0, first=1):
    rows = [(seq, "i", 0, stored_ns, "r", 0, "s", "", "j" * size) for seq in range(first, first + count)]
    database.execute("BEGIN")
    database.executemany("INSERT INTO alerts VALUES (?,?,?,?,?,?,?,?,?)", rows)
    database.execute("COMMIT")


def left(database):
    return database.execute("SELECT count(*), min(seq) FROM alerts").fetchone()


def at(database, path, name, seq, store=None):
    folder = cursors.directory(path, name)
    folder.mkdir(parents=True, exist_ok=True)
    cursors.write(folder, cursors.Cursor(store or identity(database), seq))


def test_alerts_go_when_they_are_old(database, path):
    fill(database, 1500, stored_ns=1 * DAY)
    fill(database, 10, stored_ns=5 * DAY, first=1501)
    assert prune(database, path, Limits(keep_days=2), 6 * DAY).alerts == 1500
    assert left(database) == (10, 1501)
    assert prune(database, path, Limits(keep_days=0), 600 * DAY).alerts == 0


def test_what_an_enabled_forwarder_waits_for_stays_however_old(database, path):
    fill(database, 100)
    at(database, path, "webhook", 30)
    at(database, path, "kafka", 60)
    at(database, path, "disabled", 1)
    limits = Limits(keep_days=1, forwarders=("webhook", "kafka"))
    assert prune(database, path, limits, 600 * DAY).alerts == 30
    assert left(database) == (70, 31)


@pytest.mark.parametrize("cursor", [None, "other"])
def test_a_forwarder_that_has_not_begun_or_read_another_store_waits_for_all(database, path, cursor):
    fill(database, 100)
    if cursor:
        at(database, path, "webhook", 90, cursor)
    assert delivered(database, path, ("webhook",)) == 0
    assert delivered(database, path, ()) == 100


def test_the_oldest_go_when_there_is_too_much(database, path):
    fill(database, 10_000, size=1000)
    removed = prune(database, path, Limits(keep_days=0, max_size_mb=5), 0)
    assert used_bytes(database) <= 5_000_000
    assert 3000 < removed.alerts < 8000
    assert removed.undelivered == 0
    assert left(database) == (10_000 - removed.alerts, removed.alerts + 1)


def test_the_file_shrinks(database, path):
    fill(database, 10_000, size=1000)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.stat().st_size
    prune(database, path, Limits(keep_days=0, max_size_mb=2), 0)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size < before / 2


def test_the_hard_limit_leaves_no_choice_and_what_is_lost_is_counted(database, path):
    fill(database, 10_000, size=1000)
    limits = Limits(keep_days=0, max_size_mb=2, hard_limit_mb=5, forwarders=("webhook",))
    removed = prune(database, path, limits, 0)
    assert 2_000_000 < used_bytes(database) <= 5_000_000
    assert removed.alerts == removed.undelivered > 3000


def test_what_was_delivered_counts_as_no_loss_at_the_hard_limit(database, path):
    fill(database, 10_000, size=1000)
    at(database, path, "webhook", 9_000)
    limits = Limits(keep_days=0, max_size_mb=2, hard_limit_mb=5, forwarders=("webhook",))
    removed = prune(database, path, limits, 0)
    assert removed.alerts > 5000
    assert removed.undelivered == 0
