"""One engine's desk; the engine is played by a test, which holds it up by events."""

import threading
from types import SimpleNamespace

import pytest

from falco.containers.desk import LONGEST_AGAIN_S, Desk, Lookup
from falco.containers.engine import BadAnswerError, EngineError, LateAnswerError, NoSuchContainerError
from falco.containers.health import LONGEST_S, Health
from falco.state.containers import Container
from falco.state.engines import CRI, DOCKER

PATIENCE_S = 10


class Engine:
    """Says what say() says, or raises it; asked is released for each question, inside are how many are in it."""

    kind, name, is_there = DOCKER, "docker", True
    owner: int | None = None

    def __init__(self, say):
        self.say, self.asked, self.most = say, threading.Semaphore(0), 0
        self._inside, self._lock = 0, threading.Lock()

    def version(self):
        return "1"

    def look_up(self, container_id):
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        self.asked.release()
        found = self.say(container_id)
        with self._lock:
            self._inside -= 1
        if isinstance(found, Exception):
            raise found
        return found


def lookup(short, kind=DOCKER):
    return Lookup(short, short.ljust(64, "0"), kind, False, 0.0)


def known(container_id):
    return (Container(container_id[:12], DOCKER),)


@pytest.fixture
def at():
    """A desk of an engine that says what say does; done has what came of lookups, now its time."""
    opened = []

    def make(say, workers=2):
        now = SimpleNamespace(s=100.0)
        engine, done, came = Engine(say), {}, threading.Semaphore(0)

        def take(lookup, told):
            done[lookup.short] = told
            came.release()

        desk = Desk(Health(engine, lambda: now.s), lambda: now.s, take)
        desk.start(workers)
        opened.append(desk)
        return SimpleNamespace(desk=desk, engine=engine, health=desk.health, done=done, came=came, now=now)

    yield make
    for desk in opened:
        desk.close()
        desk.join(PATIENCE_S)


def ask(place, *shorts, kind=DOCKER):
    for short in shorts:
        place.desk.put(lookup(short, kind), place.now.s)
    for _ in shorts:
        assert place.came.acquire(timeout=PATIENCE_S), place.done


@pytest.mark.parametrize(
    ("say", "kind", "expected"),
    [
        (known, DOCKER, ("", False, False)),
        (lambda _: NoSuchContainerError("no"), DOCKER, ("docker does not know it", True, False)),
        (lambda _: EngineError("broken"), DOCKER, ("docker: broken", False, False)),
        (lambda _: LateAnswerError("late"), DOCKER, ("docker: late", False, False)),
        (lambda _: BadAnswerError("long"), DOCKER, ("docker: long", True, True)),
        (lambda _: BadAnswerError("500", may_change=True), DOCKER, ("docker: 500", True, False)),
        (lambda _: BadAnswerError("long"), CRI, ("docker: long", True, False)),
    ],
)
def test_what_an_engine_says(at, say, kind, expected):
    place = at(say)
    ask(place, "a", kind=kind)
    told = place.done["a"]
    assert (told.reason, told.is_denial, told.is_final) == expected and bool(told.found) == (say is known)


def test_a_defect_is_told_and_the_worker_goes_on(at, caplog):
    place = at(lambda container_id: 1 / 0 if container_id[0] == "a" else known(container_id), workers=1)
    ask(place, "a")
    ask(place, "b")
    assert place.done["a"].is_final and place.done["b"].found
    assert "Looking up container a failed: ZeroDivisionError" in caplog.text


def test_an_engine_that_is_not_there_says_nothing(at):
    place = at(known)
    place.engine.is_there = False
    ask(place, "a")
    assert place.done == {"a": None}


def test_a_bad_answer_is_no_trouble_of_the_engine(at):
    place = at(lambda container_id: BadAnswerError("long") if container_id[0] == "a" else known(container_id))
    ask(place, "a1", "a2", "a3")
    ask(place, "b")
    assert place.health.trouble == "" and not place.health.is_paused and place.done["b"].found


def test_an_engine_in_trouble_is_not_asked_for_a_while(at):
    place = at(lambda _: EngineError("broken"))
    ask(place, "a")
    assert place.engine.asked.acquire(timeout=PATIENCE_S)
    ask(place, "b")
    assert place.done["b"].reason == "docker: broken" and not place.engine.asked.acquire(blocking=False)


def test_one_container_that_hangs_while_others_are_answered_is_at_fault_itself(at):
    go = threading.Event()

    def say(container_id):
        if container_id[0] != "a":
            return known(container_id)
        go.wait(PATIENCE_S)
        return LateAnswerError("late")

    place = at(say)
    place.desk.put(lookup("a"), 0.0)
    assert place.engine.asked.acquire(timeout=PATIENCE_S)
    ask(place, "b")
    go.set()
    assert place.came.acquire(timeout=PATIENCE_S)
    assert place.done["a"].is_final and place.health.trouble == "" and not place.health.is_paused


def test_an_engine_in_trouble_is_tried_by_one_at_a_time(at):
    go = threading.Event()
    place = at(lambda _: EngineError("broken"), workers=4)
    ask(place, "a")
    place.now.s += LONGEST_S
    place.engine.say = lambda container_id: go.wait(PATIENCE_S) and known(container_id)
    place.desk.put(lookup("trying"), 0.0)
    assert place.engine.asked.acquire(timeout=PATIENCE_S) and place.engine.asked.acquire(timeout=PATIENCE_S)
    assert place.desk.refuses(lookup("b")).reason == "docker: broken"
    ask(place, "b", "c", "d", "e")
    assert {place.done[short].reason for short in "bcde"} == {"docker: broken"} and place.engine.most == 1
    go.set()
    assert place.came.acquire(timeout=PATIENCE_S)
    assert place.done["trying"].found and place.desk.refuses(lookup("b")) is None
    ask(place, "b")
    assert place.done["b"].found


def test_a_busy_engine_is_waited_for_only_by_those_who_are_likely_to_be_its(at):
    go = threading.Event()
    place = at(lambda container_id: go.wait(PATIENCE_S) and known(container_id))
    for short in "ab":
        place.desk.put(lookup(short), 0.0)
        assert place.engine.asked.acquire(timeout=PATIENCE_S)
    assert place.desk.refuses(lookup("c", CRI)).reason == "docker is busy"
    assert place.desk.refuses(lookup("c", DOCKER)) is None
    go.set()
    for _ in "ab":
        assert place.came.acquire(timeout=PATIENCE_S)
    assert place.desk.refuses(lookup("c", CRI)) is None


def test_the_earlier_due_comes_first_and_no_other_before_its_time(at):
    go = threading.Event()
    asked: list[str] = []

    def say(container_id):
        asked.append(container_id[0])
        go.wait(PATIENCE_S)
        return known(container_id)

    place = at(say, workers=1)
    place.desk.put(lookup("a"), 0.0)
    assert place.engine.asked.acquire(timeout=PATIENCE_S)
    for short, due in (("z", place.now.s + 1000), ("c", 3.0), ("b", 2.0)):
        place.desk.put(lookup(short), due)
    go.set()
    for _ in "abc":
        assert place.came.acquire(timeout=PATIENCE_S)
    assert asked == ["a", "b", "c"]


def test_besides_the_hosts_only_the_engines_of_the_containers_user_are_asked():
    desks = [SimpleNamespace(kind=DOCKER, owner=owner) for owner in (None, 1000, 1001)]
    asking = lookup("a")
    asking.begin_round(desks)
    assert asking.left == desks[:1]
    asking.owner = 1001
    asking.begin_round(desks)
    assert asking.left == [desks[0], desks[2]]


def test_rounds_come_later_and_later_and_begin_with_the_likely_engines():
    desks = [SimpleNamespace(kind=kind, owner=None) for kind in (DOCKER, CRI, DOCKER, CRI)]
    asking = lookup("a", CRI)
    asking.begin_round(desks)
    assert asking.left == [desks[1], desks[3], desks[0], desks[2]]
    pauses = [asking.lengthen() for _ in range(8)]
    assert pauses[:3] == [0.05, 0.1, 0.2] and pauses[-1] == LONGEST_AGAIN_S
