"""A store with alerts in it, and the forwarder as its own process."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from falco.alert import Alert
from falco.outputs.format import Formatter
from falco.priority import Priority
from falco.store.query import Reader
from falco.store.retention import Limits
from falco.store.store import AlertStore, Hooks
from tests.conftest import TESTS
from tests.sinks.servers import until

if TYPE_CHECKING:
    from falco.store.record import StoredAlert

FORWARDER = (sys.executable, "-m", "falco.forwarders.cli")
_TIME = len("Thu Nov 26 13:42:33 2026")
FORGED = "x\n18:00:00.0: Critical forged\r\x1b[2K\"}{'\u2028"


def fill(path: Path, count: int, text: str = FORGED) -> list[StoredAlert]:
    """Store so many more alerts; all that are in the store then."""
    store = AlertStore(path, Limits(), Hooks(Formatter(json_output=True, iso_8601=True).line, lambda _: None))
    for number in range(count):
        fields = {"fd.num": number, "fd.name": text}
        at_ns = 1_470_327_477_000_000_000 + number * 1000
        store.put(Alert(at_ns, "Write below etc", Priority.WARNING, "syscall", f"opened {text}", fields, ("t",)))
    store.close()
    return alerts(path)


def alerts(path: Path) -> list[StoredAlert]:
    """All that is in a store."""
    with Reader(path) as reader:
        return reader.after(0, 1_000_000)


def stored(path: Path) -> int:
    """How many alerts were ever committed to a store from which none was removed; 0 if there is no store yet."""
    try:
        with Reader(path) as reader:
            return reader.waiting(0)[0]
    except sqlite3.Error:
        return 0


def command(name: str, store: Path, settings: Sequence[str], *more: str) -> list[str]:
    """The command line of a forwarder; settings are KEY=VALUE under its section."""
    given = [f"alert_store.path={store}", f"forwarders.{name}.enabled=true", f"forwarders.{name}.max_backoff=0.2"]
    given += [f"forwarders.{name}.{setting}" for setting in settings]
    return [*FORWARDER, name, *more, *(word for setting in given for word in ("-o", setting))]


def drained(name: str, store: Path, *settings: str) -> None:
    """Deliver all that is there, and fail if that cannot be."""
    done = subprocess.run(
        command(name, store, settings, "--drain"),
        cwd=store.parent, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONPATH": str(TESTS.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@contextmanager
def forwarding(name: str, store: Path, *settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A forwarder for the time of a with block."""
    with (store.parent / "forwarder.log").open("ab") as log:
        process = subprocess.Popen(
            command(name, store, settings), cwd=store.parent, stderr=log,
            env=os.environ | {"PYTHONPATH": str(TESTS.parent)},
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def told(name: str, store: Path, what: str, *settings: str) -> None:
    """Try to deliver until the log says something, which it has to say once only in the same words."""
    with forwarding(name, store, *settings):
        log = store.parent / "forwarder.log"
        until(lambda: what in log.read_text(), f"{what!r} in the log")
        health = store.parent / "forwarders" / name / "health.json"
        until(lambda: health.exists() and json.loads(health.read_bytes())["failures"] > 2, "a third try")
    reasons = [line[_TIME:] for line in log.read_text().splitlines() if what in line]
    assert len(set(reasons)) == len(reasons)
