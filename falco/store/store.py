"""The writer of the store: takes alerts from whoever raises them, and commits them in batches from a thread of its own.

What is committed survives the end of the process and of the machine's power. Whatever goes wrong is told once, on
standard error and by an alert, counted, and tried again until it works. Several processes may write one store: which
numbers their alerts get is decided while the store is theirs, so a forwarder sees all of them, in one order.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

from falco.alert import INTERNAL, Alert
from falco.logs import LOG, complain
from falco.priority import Priority
from falco.store.record import alert_id, joined
from falco.store.retention import Limits, prune
from falco.store.schema import COLUMNS, identity, is_corrupt, newest, open_writing

RULE = "Falco internal: alert store"
_BATCH = 2000
_GAP_S = 0.05
"""Between two commits at least: what waits meanwhile is one batch, and a disk is not synchronized for every alert."""
_PRUNE_S = 30.0
_TELL_S = 10.0
_RETRY_S = (0.2, 5.0)
_PATIENCE_S, _LIVE_PATIENCE_S = 60.0, 4.0
"""How long the end of a run waits for the last commit; whoever stops a live run (docker stop) waits for 10 s."""
_INSERT = f"INSERT INTO alerts ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"


@dataclasses.dataclass(frozen=True, slots=True)
class Hooks:
    """What the store needs: an alert's JSON, and a way to raise an alert of its own. Its thread calls both."""

    render: Callable[[Alert], str]
    tell: Callable[[Alert], None]
    clock_ns: Callable[[], int] = time.time_ns


class AlertStore:
    """put() belongs to the threads that raise alerts and never waits, unless the store is patient (for replays)."""

    def __init__(
        self, path: Path, limits: Limits, hooks: Hooks, *, capacity: int = 10_000, patient: bool = False
    ) -> None:
        self.committed = 0
        self.lost = 0
        """Alerts that found no room while the store could not be written."""
        self.failure = ""
        """Why the store cannot be written just now."""
        self.limits = limits
        """What to keep; may be replaced while the store runs."""
        self._path, self._hooks = path, hooks
        self._capacity, self._patient = max(1, capacity), patient
        self._queue: SimpleQueue[Alert | None] = SimpleQueue()
        self._given = self._done = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting, self._giving = threading.Lock(), threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._inode = self._store = 0
        self._last_ns = 0
        self._next_prune = 0.0
        self._next_commit = 0.0
        self._lost_told = 0
        self._next_tell = 0.0

    @property
    def crowded(self) -> bool:
        """Whether more than half of the room is taken, of a store that can be written."""
        return self._given - self._done > self._capacity // 2 and not self.failure

    def put(self, alert: Alert) -> None:
        """Queue an alert; one that finds no room is counted."""
        while self._given - self._done >= self._capacity:
            if not self._patient or self.failure:
                self.lost += 1
                return
            time.sleep(0.002)
        with self._giving:
            self._given += 1
        self._queue.put(alert)
        if self._thread is None:
            self.start()

    def start(self) -> None:
        """Start the thread: in the process that Falco becomes in the background, hence not when this is made."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="falco-store", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Commit what is queued and close the store. What cannot be committed soon is lost, and told."""
        if self._thread is not None:
            self._closing.set()
            self._queue.put(None)
            self._thread.join(_PATIENCE_S if self._patient else _LIVE_PATIENCE_S)
        lost = self.lost + self._given - self._done
        if lost:
            complain(f"alert store {self._path}: {lost} alerts could not be stored")

    def _run(self) -> None:
        try:
            # At once, so that a store which cannot be written is told at the start and readers find one.
            self._opened()
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
        while True:
            batch, last = self._collect()
            if batch:
                self._commit(batch)
            self._done += len(batch)
            if last:
                self._let_go()
                return
            self._prune()

    def _collect(self) -> tuple[list[Alert], bool]:
        """What waits, a batch at most, after the gap that has to be kept; and whether there will be no more."""
        try:
            first = self._queue.get(timeout=_PRUNE_S)
        except Empty:
            return [], False
        if first is None:
            return [], True
        batch = [first]
        self._closing.wait(max(0.0, self._next_commit - time.monotonic()))
        while len(batch) < _BATCH:
            try:
                alert = self._queue.get_nowait()
            except Empty:
                break
            if alert is None:
                return batch, True
            batch.append(alert)
        return batch, False

    def _commit(self, batch: list[Alert]) -> None:
        pause = _RETRY_S[0]
        while True:
            try:
                self._insert(self._opened(), batch)
            except (sqlite3.Error, OSError) as error:
                self._failed(error)
                # At the end there is one more try, for a store that could be opened anew.
                if self._closing.wait(pause) and pause > _RETRY_S[0]:
                    self.lost += len(batch)
                    return
                pause = min(2 * pause, _RETRY_S[1])
            else:
                self._next_commit = time.monotonic() + _GAP_S
                self._recovered()
                return

    def _insert(self, database: sqlite3.Connection, batch: list[Alert]) -> None:
        texts = [self._hooks.render(alert) for alert in batch]
        database.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have stored alerts since the last time; now none can until the commit.
            last, last_ns = newest(database)
            now_ns = self._last_ns = max(self._hooks.clock_ns(), self._last_ns, last_ns)
            numbered = enumerate(zip(batch, texts, strict=True), last + 1)
            database.executemany(_INSERT, [self._row(seq, now_ns, *alert) for seq, alert in numbered])
            database.execute("COMMIT")
        except sqlite3.Error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        self.committed += len(batch)

    def _row(self, seq: int, now_ns: int, alert: Alert, text: str) -> tuple[object, ...]:
        where = (seq, alert_id(now_ns, self._store, seq), alert.time_ns, now_ns)
        return (*where, alert.rule, int(alert.priority), alert.source, joined(alert.tags), text)

    def _opened(self) -> sqlite3.Connection:
        if self._database is not None:
            # A file that was removed or replaced would take alerts which nobody ever sees.
            if _inode(self._path) == self._inode:
                return self._database
            self._let_go()
            self._tell(f"{self._path} was removed or replaced while it was in use, and is begun anew")
        self._inode = _inode(self._path)
        database = open_writing(self._path)
        self._inode = _inode(self._path)
        self._store = int(identity(database), 16)
        self._database = database
        return database

    def _let_go(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.close()

    def _failed(self, error: sqlite3.Error | OSError) -> None:
        self._let_go()
        if isinstance(error, sqlite3.Error) and is_corrupt(error):
            self._set_aside(error)
        elif not self.failure:
            self.failure = " ".join(str(error).split())
            self._tell(
                f"{self._path} cannot be written: {self.failure}. Alerts wait in memory, {self._capacity} at most"
            )

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Keep a damaged store under another name; the next try begins a new one."""
        if _inode(self._path) != self._inode:
            return  # Another process that writes it has done so.
        what = " ".join(str(error).split())
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._hooks.clock_ns() // 1_000_000_000))
        aside = self._path.with_name(f"{self._path.name}.corrupt-{stamp}-{os.getpid()}")
        try:
            # The file itself last: as soon as it is gone, another process may begin a new one with these two.
            for end in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self._path.with_name(self._path.name + end).replace(aside.with_name(aside.name + end))
            self._path.replace(aside)
        except OSError as why:
            if not self.failure:
                self.failure = what
                self._tell(f"{self._path} is damaged ({what}) and cannot be moved: {why.strerror}")
            return
        self._tell(f"{self._path} is damaged ({what}): kept as {aside}, and begun anew")

    def _recovered(self) -> None:
        """A commit has worked: tell if that is news, and of alerts that found no room meanwhile."""
        lost = self.lost - self._lost_told
        if self.failure:
            self.failure = ""
            self._tell(f"{self._path} can be written again, {lost} alerts were lost", Priority.NOTICE, lost)
        elif lost and time.monotonic() >= self._next_tell:
            self._next_tell = time.monotonic() + _TELL_S
            text = f"{self._path} is too slow: {lost} alerts were lost, because {self._capacity} waited already"
            self._tell(text, Priority.CRITICAL, lost)
        else:
            return
        self._lost_told = self.lost

    def _prune(self) -> None:
        if self._database is None or time.monotonic() < self._next_prune:
            return
        self._next_prune = time.monotonic() + _PRUNE_S
        try:
            removed = prune(self._database, self._path, self.limits, self._hooks.clock_ns())
        except sqlite3.Error as error:
            self._failed(error)
            return
        if removed.undelivered:
            text = f"{self._path} has reached its hard limit, {removed.undelivered} alerts were removed undelivered"
            self._tell(text, Priority.CRITICAL, removed.undelivered)

    def _tell(self, what: str, priority: Priority = Priority.CRITICAL, count: int = 0) -> None:
        message = f"alert store: {what}"
        LOG.info(message) if priority > Priority.ERROR else complain(message)
        fields = {"path": str(self._path), "n_lost": count or self.lost}
        # Whoever read the outputs may be gone; the loop finds that out by itself.
        with contextlib.suppress(BrokenPipeError):
            self._hooks.tell(
                Alert(self._hooks.clock_ns(), RULE, priority, INTERNAL, f"{RULE}. {what[0].upper()}{what[1:]}.", fields)
            )


def _inode(path: Path) -> int:
    """The number of a file; 0 if there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
