from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from falco import logs
from falco.alert import INTERNAL, Alert
from falco.priority import Priority
from falco.store import cursors
from falco.store.query import Reader
from falco.store.retention import Limits
from falco.store.store import RULE, AlertStore, Hooks

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def log_to_stderr():
    logs.setup()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store" / "alerts.db"


def alert(number=0, text="seen", tags=("t",)):
    return Alert(number, f"rule {number}", Priority.WARNING, "syscall", text, {"n": number}, tags)


class Told:
    """What the store raised alerts about; with a store they go into it too, as in the real thing."""

    def __init__(self):
        self.alerts: list[Alert] = []
        self.store: AlertStore | None = None

    def __call__(self, alert):
        self.alerts.append(alert)
        if self.store is not None:
            self.store.put(alert)


def made(path, told=None, limits=None, **kwargs):
    told = told or Told()
    hooks = Hooks(lambda alert: json.dumps({"rule": alert.rule, **alert.fields}), told)
    told.store = AlertStore(path, limits or Limits(), hooks, **kwargs)
    return told.store


def until(true, what="it"):
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, f"{what} took more than 20 s"
        time.sleep(0.005)


def kept(path):
    with Reader(path) as reader:
        return reader.after(0, 100_000)


def test_every_alert_is_one_row(path):
    store = made(path)
    for number in range(5000):
        store.put(alert(number))
    store.close()
    alerts = kept(path)
    assert [each.seq for each in alerts] == list(range(1, 5001))
    assert [json.loads(each.json)["n"] for each in alerts] == list(range(5000))
    assert len({each.id for each in alerts}) == 5000
    assert [each.id for each in alerts] == sorted(each.id for each in alerts)
    first = alerts[1]
    assert (first.time_ns, first.rule, first.priority, first.source, first.tags) == (
        1, "rule 1", Priority.WARNING, "syscall", ("t",),
    )  # fmt: skip
    assert store.committed == 5000


def test_a_second_run_goes_on_behind_the_first_even_if_the_clock_went_back(path):
    for clock in (lambda: 2_000_000_000_000_000_000, lambda: 1_000_000_000_000_000_000):
        store = AlertStore(path, Limits(keep_days=0), Hooks(lambda _: "{}", lambda _: None, clock))
        store.put(alert())
        store.close()
    first, second = kept(path)
    assert (first.seq, second.seq) == (1, 2)
    assert first.id < second.id


def test_an_alert_is_committed_soon_and_without_a_further_one(path):
    store = made(path)
    started = time.monotonic()
    store.put(alert())
    until(lambda: store.committed == 1)
    assert time.monotonic() - started < 5
    assert len(kept(path)) == 1
    store.close()


def test_put_does_not_wait_for_the_disk_and_what_finds_no_room_is_counted(path, capsys):
    gate = threading.Event()

    def slow(_):
        gate.wait(20)
        return "{}"

    told = Told()
    store = AlertStore(path, Limits(), Hooks(slow, told), capacity=10)
    started = time.perf_counter()
    for _ in range(25):
        store.put(alert())
    assert time.perf_counter() - started < 1
    assert store.lost == 15
    gate.set()
    until(lambda: told.alerts)
    store.close()
    assert len(kept(path)) == 10
    assert "too slow: 15 alerts were lost" in told.alerts[0].text
    assert "15 alerts could not be stored" in capsys.readouterr().err


def test_a_patient_store_loses_none(path):
    store = made(path, capacity=5, patient=True)
    for number in range(60):
        store.put(alert(number))
    store.close()
    assert len(kept(path)) == 60


def test_a_store_that_cannot_be_written_is_told_once_and_recovers_by_itself(path, capsys):
    path.parent.mkdir()
    path.mkdir()  # A directory where the file should be.
    told = Told()
    store = made(path, told)
    for number in range(3):
        store.put(alert(number))
    until(lambda: store.failure)
    store.put(alert(3))
    time.sleep(0.5)
    path.rmdir()
    until(lambda: store.committed >= 4)
    until(lambda: len(told.alerts) == 2)
    store.close()
    first, second = told.alerts
    assert (first.rule, first.source, first.priority) == (RULE, INTERNAL, Priority.CRITICAL)
    assert "cannot be written" in first.text
    assert second.priority == Priority.NOTICE
    assert "can be written again, 0 alerts were lost" in second.text
    assert capsys.readouterr().err.count("cannot be written") == 1
    rules = [each.rule for each in kept(path)]
    assert [rule for rule in rules if rule != RULE] == [f"rule {number}" for number in range(4)]
    assert rules.count(RULE) == 2


def test_what_was_lost_meanwhile_is_counted(path):
    path.parent.mkdir()
    path.mkdir()
    told = Told()
    store = made(path, told, capacity=10)
    store.put(alert())
    until(lambda: store.failure)
    for number in range(30):
        store.put(alert(number))
    lost = store.lost
    assert lost >= 20
    path.rmdir()
    until(lambda: len(told.alerts) == 2)
    store.close()
    assert lost <= int(str(told.alerts[1].fields["n_lost"])) <= lost + 2  # The store's own alerts found no room either.


@pytest.mark.parametrize("damage", ["head", "middle"])
def test_a_damaged_store_is_kept_aside_and_begun_anew(path, damage, capsys):
    store = made(path)
    for number in range(2000):
        store.put(alert(number, tags=("x" * 500,)))
    store.close()
    content = bytearray(path.read_bytes())
    start = 0 if damage == "head" else len(content) // 2
    content[start : start + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
    told = Told()
    store = made(path, told)
    store.put(alert(7))
    until(lambda: store.committed)
    store.close()
    assert next(each.rule for each in kept(path)) == "rule 7"
    assert [p.stat().st_size for p in path.parent.glob("alerts.db.corrupt-*Z-*[0-9]")] == [len(content)]
    assert "is damaged" in told.alerts[0].text
    assert "begun anew" in capsys.readouterr().err


def test_a_store_of_a_newer_falco_is_left_alone(path):
    made(path).close()
    store = made(path)
    store.put(alert())
    store.close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version=99")
    database.close()
    told = Told()
    store = made(path, told)
    store.put(alert())
    until(lambda: store.failure)
    store.close()
    assert "newer Falco" in told.alerts[0].text
    assert list(path.parent.glob("*corrupt*")) == []


def test_a_file_that_is_removed_while_in_use_is_begun_anew(path):
    told = Told()
    store = made(path, told)
    store.put(alert(1))
    until(lambda: store.committed == 1)
    for file in path.parent.glob("alerts.db*"):
        file.unlink()
    store.put(alert(2))
    until(lambda: store.committed >= 2)
    store.close()
    assert "removed or replaced" in told.alerts[0].text
    assert "rule 2" in [each.rule for each in kept(path)]


def test_the_hard_limit_raises_an_alert(path, monkeypatch):
    monkeypatch.setattr("falco.store.store._PRUNE_S", 0.05)
    told = Told()
    cursors.directory(path, "webhook").mkdir(parents=True)
    limits = Limits(max_size_mb=1, hard_limit_mb=2, forwarders=("webhook",))
    hooks = Hooks(lambda _: "j" * 1000, told)
    store = AlertStore(path, limits, hooks)
    for _ in range(5000):
        store.put(alert())
    until(lambda: told.alerts)
    store.close()
    assert "hard limit" in told.alerts[0].text
    assert int(str(told.alerts[0].fields["n_lost"])) >= 1000


KILLED = """
import sys, time
from pathlib import Path
from falco.alert import Alert
from falco.priority import Priority
from falco.store.retention import Limits
from falco.store.store import AlertStore, Hooks
store = AlertStore(Path(sys.argv[1]), Limits(), Hooks(lambda alert: "{}", lambda alert: None))
number = 0
while True:
    number += 1
    store.put(Alert(number, "r", Priority.DEBUG, "syscall", "", {}))
    if store.committed:
        print(number, store.committed, flush=True)
    time.sleep(0.0005)
"""


def test_what_is_committed_survives_a_kill_and_the_rest_is_at_most_a_batch(path):
    for turn in range(3):
        before = len(kept(path)) if turn else 0
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(300)]
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        raised, committed = map(int, lines[-1].split())
        process.wait()
        process.stdout.close()
        alerts = kept(path)
        assert [each.seq for each in alerts] == list(range(1, len(alerts) + 1))
        assert committed <= len(alerts) - before <= raised + 1
        # What waits for 50 ms and during a commit, or on a busy machine a whole batch.
        assert raised - (len(alerts) - before) <= 2000


WRITING = """
import sys
import time
from pathlib import Path
from falco.alert import Alert
from falco.priority import Priority
from falco.store.retention import Limits
from falco.store.store import AlertStore, Hooks
print("ready", flush=True)
sys.stdin.read()
store = AlertStore(Path(sys.argv[1]), Limits(), Hooks(lambda a: a.text, lambda a: print(a.text)))
for number in range(200):
    store.put(Alert(number, "r", Priority.ERROR, "s", f"{sys.argv[2]} {number}", {}))
    while store.committed < number // 20 * 20:
        time.sleep(0.001)
store.close()
"""


def test_processes_that_write_one_store_lose_nothing_and_give_no_id_twice(path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITING, str(path), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for name in "abc"
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None  # communicate() would close it once more.
    assert [process.communicate(timeout=60) for process in processes] == [("", "")] * 3
    alerts = kept(path)
    assert [each.seq for each in alerts] == list(range(1, 601))
    assert [each.id for each in alerts] == sorted({each.id for each in alerts})
    for name in "abc":
        assert [each.json for each in alerts if each.json[0] == name] == [f"{name} {n}" for n in range(200)]
    writers = [each.json[0] for each in alerts]
    assert writers != sorted(writers), "they have taken turns"


def test_a_store_that_another_process_has_begun_anew_is_not_moved_aside(path):
    first, second = made(path), made(path)
    for store in (first, second):
        store.put(alert(1))
        until(lambda store=store: store.committed == 1)
    path.unlink()  # What the other process does with a damaged store, and
    other = made(path)
    other.put(alert(2))
    other.close()
    damage = sqlite3.DatabaseError("malformed")
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    first._set_aside(damage)
    for store in (first, second):
        store.put(alert(3))
        store.close()
    assert list(path.parent.glob("*corrupt*")) == []
    assert [each.rule for each in kept(path)].count("rule 3") == 2


def test_it_is_crowded_while_more_than_half_of_its_room_is_taken(path):
    store = made(path, capacity=10)
    with store._starting:  # Its thread cannot begin meanwhile.
        store._thread = threading.Thread(target=store._run)
        for number in range(6):
            assert not store.crowded
            store.put(alert(number))
        assert store.crowded
        store.failure = "no room on the device"
        assert not store.crowded, "a store that cannot be written is not waited for"
        store.failure = ""
        store._thread.start()
    store.close()
    assert not store.crowded
