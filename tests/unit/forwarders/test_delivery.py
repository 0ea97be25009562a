from __future__ import annotations

import dataclasses
import json
import threading
import time

import pytest

from falco import logs
from falco.config_forwarders import Webhook
from falco.forwarders.dead_letters import DeadLetters
from falco.forwarders.delivery import Delivery, Place
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.health import Health
from falco.priority import Priority
from falco.store import cursors
from falco.store.record import joined
from falco.store.schema import identity, open_writing
from tests.unit.forwarders.samples import stored


class Recorded:
    """A destination that takes alerts until its plan says otherwise; plan has what each call of send() does first."""

    def __init__(self, batch=10, refuses=()):
        self.batch = batch
        self.refuses = set(refuses)
        self.plan: list[Exception] = []
        self.taken: list[int] = []
        self.sizes: list[int] = []
        self.closed = self.idled = 0
        self.whole = False
        self.on_taken = lambda seq: None

    def send(self, alerts):
        self.sizes.append(len(alerts))
        if self.plan:
            raise self.plan.pop(0)
        if self.whole:
            if not self.refuses.isdisjoint(alert.seq for alert in alerts):
                raise RefusedError("one of them", whole=True)
            self.taken += [alert.seq for alert in alerts]
            yield len(alerts)
            return
        for alert in alerts:
            if alert.seq in self.refuses:
                raise RefusedError("not wanted")
            self.taken.append(alert.seq)
            self.on_taken(alert.seq)
            yield 1

    def idle(self):
        self.idled += 1

    def close(self):
        self.closed += 1


@pytest.fixture(autouse=True)
def log_to_stderr():
    logs.setup()


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "forwarders" / "webhook"
    folder.mkdir(parents=True)
    return Place(tmp_path / "alerts.db", folder)


@pytest.fixture
def writer(place):
    made = open_writing(place.store)
    yield made
    made.close()


def fill(writer, *seqs, **changes):
    for seq in seqs:
        alert = stored(seq, **changes)
        row = (seq, alert.id, alert.time_ns, alert.stored_ns, alert.rule, int(alert.priority), alert.source)
        writer.execute("INSERT INTO alerts VALUES (?,?,?,?,?,?,?,?,?)", (*row, joined(alert.tags), alert.json))


@pytest.fixture
def made(place):
    """made(destination, **settings) is a delivery with its dead letters and health."""
    letters = DeadLetters(place.folder)

    def make(destination, **changes):
        settings = dataclasses.replace(Webhook(max_backoff=0.001), **changes)
        delivery = Delivery(place, settings, destination, letters, Health("webhook", place.folder))
        return delivery, letters

    yield make
    letters.close()


def health(place):
    return json.loads((place.folder / "health.json").read_text())


def test_everything_is_delivered_in_order_and_once(place, writer, made):
    fill(writer, *range(1, 26))
    destination = Recorded(batch=10)
    made(destination)[0].run(drain=True)
    assert destination.taken == list(range(1, 26))
    assert destination.sizes == [10, 10, 5]
    assert cursors.read(place.folder) == cursors.Cursor(identity(writer), 25)
    made(destination)[0].run(drain=True)
    assert len(destination.taken) == 25
    assert health(place)["backlog"] == 0


def test_delivery_goes_on_where_it_was_interrupted(place, writer, made):
    fill(writer, *range(1, 30))
    first = Recorded()
    delivery, _ = made(first)
    first.on_taken = lambda seq: delivery.stop.set() if seq == 13 else None
    delivery.run()
    second = Recorded()
    made(second)[0].run(drain=True)
    assert first.taken == list(range(1, 14))
    assert second.taken == list(range(14, 30))


def test_new_alerts_are_noticed(place, writer, made):
    destination = Recorded()
    delivery, _ = made(destination)
    thread = threading.Thread(target=delivery.run, daemon=True)
    thread.start()
    for seq in (1, 2, 3):
        fill(writer, seq)
        deadline = time.monotonic() + 20
        while destination.taken != list(range(1, seq + 1)):
            assert time.monotonic() < deadline
            time.sleep(0.005)
    delivery.stop.set()
    thread.join()
    assert destination.idled
    assert destination.closed


def test_a_destination_that_is_down_for_a_while_loses_nothing(place, writer, made, capsys):
    fill(writer, *range(1, 6))
    destination = Recorded()
    destination.plan = [TryLaterError("nobody there")] * 5
    made(destination)[0].run(drain=True)
    assert destination.taken == [1, 2, 3, 4, 5]
    assert destination.closed >= 5
    err = capsys.readouterr().err
    assert err.count("webhook: nobody there") == err.count("webhook: works again") == 1


def test_it_waits_as_long_as_it_was_asked_to(place, writer, made):
    fill(writer, 1)
    destination = Recorded()
    destination.plan = [TryLaterError("busy", 0.3)]
    started = time.monotonic()
    made(destination)[0].run(drain=True)
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("whole", [False, True])
def test_a_refused_alert_becomes_a_dead_letter_and_the_rest_goes_on(place, writer, made, whole, capsys):
    fill(writer, *range(1, 9))
    destination = Recorded(refuses={3, 4, 8})
    destination.whole = whole
    delivery, letters = made(destination, refusals=2)
    delivery.run(drain=True)
    assert destination.taken == [1, 2, 5, 6, 7]
    assert [(letter.alert.seq, letter.refusals) for letter in letters.all()] == [(3, 2), (4, 2), (8, 2)]
    assert cursors.read(place.folder).seq == 8
    assert health(place)["dead_letters"] == 3
    assert capsys.readouterr().err.count("an alert was refused") <= 2


def test_dead_letters_are_sent_again_when_someone_asks(place, writer, made):
    fill(writer, 1, 2, 3)
    destination = Recorded(refuses={1, 2})
    delivery, letters = made(destination, refusals=1)
    delivery.run(drain=True)
    destination.refuses = {2}
    assert letters.send_again() == 2
    made(destination)[0].run(drain=True)
    assert destination.taken == [3, 1]
    (left,) = letters.all()
    assert (left.alert.seq, left.refusals, left.again) == (2, 2, False)


def test_no_alert_is_dropped_to_make_room_among_the_dead_letters(place, writer, made):
    fill(writer, 1, 2, 3)
    destination = Recorded(refuses={1, 2})
    delivery, letters = made(destination, refusals=1, max_dead_letters=1)
    thread = threading.Thread(target=delivery.run, daemon=True)
    thread.start()
    time.sleep(0.2)
    assert destination.taken == []
    assert "no more are put aside" in delivery._health.trouble or "refused" in delivery._health.trouble
    destination.refuses = set()
    deadline = time.monotonic() + 20
    while destination.taken != [2, 3]:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    delivery.stop.set()
    thread.join()
    assert [letter.alert.seq for letter in letters.all()] == [1]


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({"min_priority": Priority.ERROR}, [2]),
        ({"rules": ("Write *",)}, [1]),
        ({"tags": ("x", "y")}, [2]),
        ({"tags": ("z",)}, []),
    ],
)
def test_filters(place, writer, made, settings, taken):
    fill(writer, 1)
    fill(writer, 2, rule="Other", priority=Priority.ERROR, tags=("y",))
    destination = Recorded()
    made(destination, **settings)[0].run(drain=True)
    assert destination.taken == taken
    # What is filtered is done with: it is neither sent later nor kept waiting for.
    assert cursors.read(place.folder).seq == 2
    assert health(place)["filtered"] == 2 - len(taken)


def test_a_store_that_is_begun_anew_is_delivered_from_its_first_alert(place, writer, made, capsys):
    fill(writer, 1, 2)
    destination = Recorded()
    made(destination)[0].run(drain=True)
    writer.close()
    for file in place.store.parent.glob("alerts.db*"):
        file.unlink()
    other = open_writing(place.store)
    fill(other, 1)
    made(destination)[0].run(drain=True)
    other.close()
    assert destination.taken == [1, 2, 1]
    assert "begun anew" in capsys.readouterr().err


def test_no_store_yet(place, made, capsys):
    destination = Recorded()
    delivery, _ = made(destination)
    delivery.run(drain=True)
    assert "the alert store or the dead letters cannot be used" in capsys.readouterr().err
    assert health(place)["up"] == 0


def test_it_is_well_as_soon_as_the_store_is_there_though_nothing_is_to_be_sent(place, made, capsys):
    delivery, _ = made(Recorded())
    delivery.run(drain=True)
    assert health(place)["up"] == 0
    open_writing(place.store).close()
    delivery.run(drain=True)
    assert health(place)["up"] == 1
    assert "webhook: works again" in capsys.readouterr().err


def test_a_store_that_can_be_read_says_nothing_of_a_destination_that_is_down(place, writer, made):
    delivery, _ = made(Recorded())
    delivery._health.failure("nobody is there")
    delivery.run(drain=True)
    assert health(place)["trouble"] == "nobody is there"


def test_a_damaged_store_gives_what_can_be_read_of_it(place, writer, made, capsys):
    writer.execute("BEGIN")
    fill(writer, *range(1, 1501))
    writer.execute("COMMIT")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(place.store.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\xff" * 20_000
    place.store.write_bytes(content)
    destination = Recorded()
    made(destination)[0].run(drain=True)
    assert destination.taken[0] == 1
    assert destination.taken[-1] == 1500
    assert 1400 < len(destination.taken) < 1500
    assert destination.taken == sorted(set(destination.taken))
    assert "the alert store is damaged" in capsys.readouterr().err


def test_the_backlog_is_counted_while_nothing_gets_out(place, writer, made):
    fill(writer, 1)
    destination = Recorded()
    destination.plan = [TryLaterError("down")] * 10_000
    delivery, _ = made(destination)
    thread = threading.Thread(target=delivery.run, daemon=True)
    thread.start()
    fill(writer, 2, 3)
    deadline = time.monotonic() + 20
    while delivery._health.backlog != 3:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    delivery.stop.set()
    thread.join()


def test_an_alert_that_a_client_stumbles_over_is_put_aside_too(place, writer, made):
    fill(writer, 1, 2, 3)
    destination = Recorded()

    def stumble(seq):
        if seq == 2:
            raise UnicodeEncodeError("latin-1", "x", 0, 1, "odd")

    destination.on_taken = stumble
    delivery, letters = made(destination, refusals=2)
    delivery.run(drain=True)
    (letter,) = letters.all()
    assert letter.alert.seq == 2
    assert "UnicodeEncodeError" in letter.reason
    assert destination.taken == [1, 2, 2, 3]
    assert cursors.read(place.folder).seq == 3
