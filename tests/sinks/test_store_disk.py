"""The store on a disk that is full, read-only or damaged, in a real run of the command: detection goes on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from falco import logs
from falco.alert import Alert
from falco.priority import Priority
from falco.store.query import Reader
from falco.store.retention import Limits
from falco.store.store import AlertStore, Hooks
from tests.sinks.servers import until
from tests.unit.conftest import CAT_WRITE, falco

pytestmark = pytest.mark.usefixtures("away_from_any_configuration")


@pytest.fixture
def away_from_any_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    logs.setup()


@pytest.fixture
def disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("mounting a tmpfs takes root and CAP_SYS_ADMIN")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


RULES = """
- rule: opened
  desc: any
  condition: evt.type=open
  output: opened %fd.name
  priority: WARNING
"""


def replay(tmp_path, store):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    given = ("-o", "alert_store.enabled=true", "-o", f"alert_store.path={store}", "-o", "log_syslog=false")
    return falco("-r", rules, "-e", CAT_WRITE, *given)


@pytest.mark.parametrize("trouble", ["full", "read-only", "damaged"])
def test_detection_goes_on(tmp_path, disk, trouble):
    path = disk / "alerts.db"
    plain = falco("-r", write_rules(tmp_path), "-e", CAT_WRITE).stdout
    if trouble == "full":
        (disk / "filling").write_bytes(b"x" * (1 << 20))
    if trouble == "read-only":
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    if trouble == "damaged":
        path.write_bytes(b"\xff" * 50_000)
    done = replay(tmp_path, path)
    assert done.returncode == 0
    said = {"full": "cannot be written: ", "read-only": "cannot be written: ", "damaged": "is damaged"}[trouble]
    assert done.stderr.count(said) == 1
    alerts = [line for line in done.stdout.splitlines() if "Falco internal: alert store" not in line]
    assert alerts == plain.splitlines()
    assert done.stdout.count("Critical Falco internal: alert store") == 1
    if trouble == "damaged":
        with Reader(path) as reader:
            assert len([each for each in reader.after(0, 100) if each.rule == "opened"]) > 5
    else:
        assert "alerts could not be stored" in done.stderr


def write_rules(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    return rules


def test_a_full_disk_that_has_room_again(disk):
    path = disk / "alerts.db"
    told: list[Alert] = []
    store = AlertStore(path, Limits(), Hooks(lambda alert: "j" * 1000, told.append), capacity=500)
    alert = Alert(1, "r", Priority.WARNING, "syscall", "", {})
    store.put(alert)
    until(lambda: store.committed == 1, "the first")
    filling = disk / "filling"
    with filling.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
    for _ in range(2000):
        store.put(alert)
    until(lambda: store.failure, "the full disk")
    assert "full" in store.failure
    lost = store.lost
    assert lost > 0
    filling.unlink()
    until(lambda: not store.failure and store.committed >= 400, "recovery")
    store.close()
    assert [each.priority for each in told] == [Priority.CRITICAL, Priority.NOTICE]
    with Reader(path) as reader:
        kept = reader.after(0, 10_000)
    assert len(kept) == store.committed == 2001 - lost
    assert [each.seq for each in kept] == list(range(1, len(kept) + 1))
