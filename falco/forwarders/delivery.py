"""Delivers what is in the store: in order, at least once, however often the destination, the store or we go down."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from falco.forwarders.backoff import Backoff
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.logs import LOG
from falco.store import cursors
from falco.store.cursors import Cursor
from falco.store.query import Reader, Selection
from falco.store.schema import is_corrupt

if TYPE_CHECKING:
    from falco.config_forwarders import Forwarder
    from falco.forwarders.dead_letters import DeadLetters
    from falco.forwarders.destination import Destination
    from falco.forwarders.health import Health
    from falco.store.record import StoredAlert

_POLL_S = 0.05
_SAVE_S = 1.0
_LOOK_S = 1.0
_RETRY_S = 0.2
_PAGE = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a forwarder reads and keeps what it has done."""

    store: Path
    folder: Path


class Delivery:
    """One destination's delivery. Everything happens in the thread that calls run(); stop may be set by any."""

    def __init__(
        self, place: Place, settings: Forwarder, destination: Destination, letters: DeadLetters, health: Health
    ) -> None:
        self.stop = threading.Event()
        self._place, self._settings = place, settings
        self._destination, self._letters, self._health = destination, letters, health
        self._wanted = Selection(0, settings.min_priority, settings.rules, settings.tags)
        self._backoff = Backoff(settings.max_backoff)
        self._cursor = self._saved = cursors.read(place.folder)
        self._next_save = self._next_look = 0.0
        self._refused_id = self._store_trouble = ""
        self._refusals = 0
        self._reader: Reader | None = None

    def run(self, *, drain: bool = False) -> None:
        """Deliver until stop is set; with drain only what is there now."""
        try:
            while not self.stop.is_set():
                try:
                    with Reader(self._place.store) as reader:
                        if self._follow(reader, drain=drain):
                            return
                except (sqlite3.Error, OSError) as error:
                    self._store_trouble = f"the alert store or the dead letters cannot be used: {error}"
                    self._health.failure(self._store_trouble)
                    self._health.write(now=False)
                    if drain:
                        return
                    self.stop.wait(_RETRY_S)
        finally:
            self._save()
            self._destination.close()
            self._health.write()

    def _follow(self, reader: Reader, *, drain: bool) -> bool:
        """Deliver from one store until it is another one; True to end."""
        if self._cursor.store != reader.identity:
            if self._cursor.store:
                LOG.warning(
                    "%s: the alert store was begun anew, so delivery starts at its first alert", self._health.name
                )
            self._cursor = Cursor(reader.identity, 0)
        inode, seen = self._place.store.stat().st_ino, -1
        while not self.stop.is_set():
            changes = reader.changes()
            page = self._page(reader) if changes != seen else []
            if page:
                self._take(page, reader)
                continue
            seen = changes
            self._resend()
            self._save()
            if drain:
                self._look(reader)
                return True
            if time.monotonic() >= self._next_look:
                self._next_look = time.monotonic() + _LOOK_S
                self._look(reader)
                if self._place.store.stat().st_ino != inode:
                    return False
            self.stop.wait(_POLL_S)
        return True

    def _page(self, reader: Reader) -> list[StoredAlert]:
        """The next alerts; those that a damaged store cannot give any more are passed over, and that is told."""
        seq = self._cursor.seq
        try:
            return reader.after(seq, _PAGE)
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
            page = reader.behind_damage(seq, _PAGE)
            unread = page[-1].seq - seq - len(page) if page else 0
            self._health.failure(f"the alert store is damaged: {unread} alerts of a page cannot be read")
            return page

    def _look(self, reader: Reader) -> None:
        """What has to be looked after now and then while nothing is to be sent."""
        self._count(reader)
        self._health.dead_letters = self._letters.count()
        if self._health.trouble == self._store_trouble:
            # Both have just been read. A forwarder that begins before its store is there is well as soon as it is.
            self._health.over()
        self._health.write(now=False)
        try:
            self._destination.idle()
        except TryLaterError as error:
            self._health.failure(str(error))
            self._destination.close()

    def _count(self, reader: Reader) -> None:
        self._reader = reader
        self._health.backlog, self._health.oldest_ns = reader.waiting(self._cursor.seq)

    def _take(self, page: Sequence[StoredAlert], reader: Reader) -> None:
        """Deliver a page of alerts, those that are wanted; what lies behind the last of them is done with too."""
        wanted = [alert for alert in page if self._wanted.takes(alert)]
        self._health.filtered += len(page) - len(wanted)
        for start in range(0, len(wanted), self._destination.batch):
            self._count(reader)
            self._deliver(wanted[start : start + self._destination.batch])
            if self.stop.is_set():
                return
        self._cursor = Cursor(self._cursor.store, page[-1].seq)

    def _deliver(self, alerts: list[StoredAlert]) -> None:
        size = len(alerts)
        while alerts and not self.stop.is_set():
            tried = alerts[:size]
            try:
                for count in self._destination.send(tried):
                    self._delivered(alerts[:count])
                    alerts, tried = alerts[count:], tried[count:]
                    if self.stop.is_set():
                        return
                size = len(alerts)
            except TryLaterError as error:
                self._health.failure(str(error))
                self._wait(error.after_s)
            except RefusedError as error:
                if error.whole and len(tried) > 1:
                    size = len(tried) // 2
                elif self._refuse(alerts[0], str(error)):
                    alerts = alerts[1:]
            except Exception as error:  # noqa: BLE001 - whatever a client does with an odd alert, the rest has to go on.
                if self._refuse(alerts[0], f"{type(error).__name__}: {error}"):
                    alerts = alerts[1:]

    def _delivered(self, alerts: Sequence[StoredAlert]) -> None:
        if alerts:
            self._health.success(len(alerts))
            self._backoff.reset()
            self._move(alerts[-1])

    def _move(self, alert: StoredAlert) -> None:
        self._cursor = Cursor(self._cursor.store, alert.seq)
        if time.monotonic() >= self._next_save:
            self._save()
            self._health.write(now=False)

    def _refuse(self, alert: StoredAlert, reason: str) -> bool:
        """Count a refusal; whether the alert has been put aside, so that the next one may be sent."""
        self._refusals = self._refusals + 1 if alert.id == self._refused_id else 1
        self._refused_id = alert.id
        self._health.refusal(reason)
        if self._refusals < self._settings.refusals:
            self._wait(None)
            return False
        if self._letters.count() >= self._settings.max_dead_letters:
            # Dropping the oldest would lose it, so everything waits in the store until someone has looked.
            self._health.failure(f"there are {self._settings.max_dead_letters} dead letters, no more are put aside")
            self._wait(None)
            return False
        self._letters.add(alert, reason, self._refusals, time.time_ns())
        self._health.dead_letters = self._letters.count()
        self._move(alert)
        if self._health.dead_letters % 4 == 0:
            # Many in a row are rather the destination's trouble than the alerts'.
            self._wait(None)
        return True

    def _wait(self, asked_s: float | None) -> None:
        self._destination.close()
        self._save()
        if self._reader is not None:
            self._count(self._reader)  # While nothing gets out, more comes in.
        self._health.write(now=False)
        self.stop.wait(self._backoff.pause(asked_s))

    def _resend(self) -> None:
        """Send the dead letters that someone has asked to send again; one that is refused again stays."""
        for letter in self._letters.all(again=True):
            try:
                if sum(self._destination.send([letter.alert])):
                    self._letters.remove(letter.alert.id)
                    self._health.success(1)
            except TryLaterError as error:
                self._health.failure(str(error))
                self._wait(error.after_s)
                return
            except Exception as error:  # noqa: BLE001 - refused again, in whatever way.
                self._health.refusal(str(error))
                self._letters.add(letter.alert, str(error), letter.refusals + 1, time.time_ns())

    def _save(self) -> None:
        """Write the cursor down. Should we die before that, what was delivered since is delivered again."""
        self._next_save = time.monotonic() + _SAVE_S
        if self._cursor == self._saved:
            return
        try:
            cursors.write(self._place.folder, self._cursor)
        except OSError as error:
            self._health.failure(f"the cursor cannot be written: {error.strerror}")
        else:
            self._saved = self._cursor
