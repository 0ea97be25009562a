"""The queue with engines that a test plays; time is a test's too where it matters."""

import threading
import time
from types import SimpleNamespace

import pytest

from falco.containers import denials
from falco.containers import lookups as module
from falco.containers.denials import FIRST_S
from falco.containers.engine import BadAnswerError, EngineError, NoSuchContainerError
from falco.containers.lookups import WORKERS, Answer, Lookups
from falco.state.containers import Container
from falco.state.engines import CRI, DOCKER, PODMAN

FULL = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
SHORT = FULL[:12]


class Engine:
    """Says what say() says; asked are the ids, in order."""

    def __init__(self, say, kind=DOCKER, name="docker", there=True, greeting=lambda: "1", owner=None):
        self.version, self.owner = greeting, owner
        self.say, self.kind, self.name, self.is_there = say, kind, name, there
        self.asked = []

    def look_up(self, container_id):
        self.asked.append(container_id)
        found = self.say(container_id)
        if isinstance(found, Exception):
            raise found
        return found


def known(container_id, name="web"):
    return (Container(container_id[:12], DOCKER, name=name),)


def no(_):
    return NoSuchContainerError("no")


def ill(_):
    return EngineError("broken")


@pytest.fixture
def running():
    started = []

    def run(*engines, **options):
        workers = options.pop("workers", 2)
        lookups = Lookups(engines, **options)
        lookups.start(workers)
        started.append(lookups)
        return lookups

    yield run
    for lookups in started:
        lookups.close(patience_s=5)


def answers(lookups, count, patience_s=10.0):
    found: list[Answer] = []
    until = time.monotonic() + patience_s
    while len(found) < count:
        found += lookups.answers()
        assert time.monotonic() < until, found
        time.sleep(0.002)
    return found


@pytest.fixture
def hurried(monkeypatch):
    """Denials after a tenth of the time."""
    monkeypatch.setattr(module, "UNKNOWN_S", 0.1)
    monkeypatch.setattr(module, "GIVE_UP_S", 0.3)


@pytest.mark.parametrize("is_news", [True, False])
def test_an_answer(running, is_news):
    engine = Engine(known)
    lookups = running(engine)
    lookups.request(SHORT, FULL, DOCKER, is_news=is_news)
    (answer,) = answers(lookups, 1)
    assert (answer.container.name, answer.is_news, engine.asked) == ("web", is_news, [FULL])
    assert not lookups.is_busy


def test_the_same_container_is_looked_up_once_at_a_time(running):
    go = threading.Event()

    def wait(container_id):
        go.wait(5)
        return known(container_id)

    engine = Engine(wait)
    lookups = running(engine)
    for _ in range(50):
        lookups.request(SHORT, FULL, DOCKER)
    go.set()
    until = time.monotonic() + 5
    while not lookups._answers:
        assert time.monotonic() < until
        lookups.request(SHORT, FULL, DOCKER)
    lookups.request(SHORT, FULL, DOCKER)  # It is answered, but nobody has taken the answer.
    assert len(answers(lookups, 1)) == 1 and engine.asked == [FULL]


def test_the_likely_engine_is_asked_first(running):
    docker, cri = Engine(no), Engine(known, CRI, "CRI")
    lookups = running(docker, cri)
    lookups.request(SHORT, FULL, CRI)
    answers(lookups, 1)
    lookups.request("b" * 12, "b" * 64, DOCKER)
    answers(lookups, 1)
    assert docker.asked == ["b" * 64] and cri.asked == [FULL, "b" * 64]


def test_one_that_is_about_to_be_made_is_asked_for_again(running):
    said = iter((no(0), no(0)))
    engine = Engine(lambda container_id: next(said, None) or known(container_id))
    lookups = running(engine)
    lookups.request(SHORT, FULL, DOCKER)
    assert answers(lookups, 1)[0].container.name == "web" and len(engine.asked) == 3


def test_an_engine_in_trouble_is_asked_again(running):
    said = iter((ill(0),))
    engine = Engine(lambda container_id: next(said, None) or known(container_id))
    lookups = running(engine)
    lookups.request(SHORT, FULL, DOCKER)
    assert answers(lookups, 1)[0].container.name == "web"


@pytest.mark.parametrize(
    ("say", "reason"),
    [(no, "docker does not know it"), (ill, "docker: broken"), (lambda _: 1 / 0, "ZeroDivisionError")],
)
def test_nothing_is_an_answer_with_its_reason(running, hurried, say, reason):
    lookups = running(Engine(say))
    lookups.request(SHORT, FULL, DOCKER)
    (answer,) = answers(lookups, 1)
    assert answer.container.is_stub and reason in answer.container.missing and not answer.is_news


def test_without_a_socket_there_is_nothing_to_wait_for(running):
    lookups = running(Engine(known, there=False))
    lookups.request(SHORT, FULL, DOCKER)
    start = time.monotonic()
    assert answers(lookups, 1)[0].container.missing == "no container engine's socket was found"
    assert time.monotonic() - start < 1


def test_one_that_nothing_was_found_out_about_is_left_alone_for_a_while(running, hurried):
    now = SimpleNamespace(skipped=0.0)
    engine = Engine(no)
    lookups = running(engine, clock=lambda: time.monotonic() + now.skipped)
    for pause in (FIRST_S, 2 * FIRST_S):
        lookups.request(SHORT, FULL, DOCKER)
        answers(lookups, 1)
        asked = len(engine.asked)
        now.skipped += pause - 1
        lookups.request(SHORT, FULL, DOCKER)
        assert not lookups.is_busy and len(engine.asked) == asked
        now.skipped += 2
    engine.say = known
    lookups.request(SHORT, FULL, DOCKER)
    assert answers(lookups, 1)[0].container.name == "web"


def test_one_whose_answer_is_bad_is_denied_at_once_and_alone(running):
    now = SimpleNamespace(skipped=0.0)
    engine = Engine(lambda container_id: BadAnswerError("too long") if container_id[0] == "b" else known(container_id))
    lookups = running(engine, clock=lambda: time.monotonic() + now.skipped)
    bad = [letter.rjust(2, "b") for letter in "123456"]
    for short in bad:
        lookups.request(short.ljust(12, "0"), short.ljust(64, "0"), DOCKER)
    denied = answers(lookups, len(bad))
    assert {answer.container.missing for answer in denied} == {"docker: too long"}
    assert len(engine.asked) == len(bad)  # Nobody is asked about them again.
    lookups.request(SHORT, FULL, DOCKER)
    assert answers(lookups, 1)[0].container.name == "web" and lookups.healths[0].trouble == ""
    lookups.request("b1".ljust(12, "0"), "b1".ljust(64, "0"), DOCKER)
    assert not lookups.is_busy
    now.skipped, engine.say = FIRST_S, known
    lookups.request("b1".ljust(12, "0"), "b1".ljust(64, "0"), DOCKER)
    assert answers(lookups, 1)[0].container.name == "web"


def test_what_another_engine_has_to_say_is_not_the_last_word(running):
    said = iter((no(0), no(0)))
    docker = Engine(lambda container_id: next(said, None) or known(container_id))
    podman = Engine(lambda _: BadAnswerError("nonsense"), PODMAN, "podman")
    lookups = running(podman, docker)
    lookups.request(SHORT, FULL, DOCKER)
    assert answers(lookups, 1)[0].container.name == "web" and len(docker.asked) == 3


@pytest.fixture
def hung():
    """docker that hangs in the midst of as many lookups as it gets; they go on when the test is over."""
    go, asked = threading.Event(), threading.Semaphore(0)

    def say(_):
        asked.release()
        go.wait(30)
        return EngineError("it did not answer in time")

    yield SimpleNamespace(engine=Engine(say), asked=asked)
    go.set()


def hang(lookups, hung, count=5):
    for number in range(count):
        lookups.request(f"d{number}".ljust(12, "0"), f"d{number}".ljust(64, "0"), DOCKER)
    for _ in range(WORKERS):
        assert hung.asked.acquire(timeout=10)


def test_an_engine_that_hangs_keeps_no_other_from_answering(running, hung):
    cri = Engine(known, CRI, "CRI")
    lookups = running(hung.engine, cri, workers=WORKERS)
    hang(lookups, hung)
    for number in range(3):
        lookups.request(f"c{number}".ljust(12, "0"), f"c{number}".ljust(64, "0"), CRI)
    assert {answer.container.name for answer in answers(lookups, 3)} == {"web"}
    assert len(hung.engine.asked) == WORKERS  # They are still hanging there.


def test_an_engine_that_hangs_is_not_waited_for_by_one_that_another_is_about_to_make(running, hung):
    said = iter((no(0), no(0)))
    cri = Engine(lambda container_id: next(said, None) or known(container_id), CRI, "CRI")
    lookups = running(hung.engine, cri, workers=WORKERS)
    hang(lookups, hung)
    lookups.request(SHORT, FULL, CRI)
    assert answers(lookups, 1)[0].container.name == "web" and len(hung.engine.asked) == WORKERS


def test_a_greeting_that_hangs_keeps_no_other_from_answering(running):
    go = threading.Event()
    docker, cri = Engine(known, greeting=lambda: go.wait(30)), Engine(known, CRI, "CRI")
    lookups = running(docker, cri)
    lookups.request(SHORT, FULL, CRI)
    assert len(answers(lookups, 1)) == 1
    go.set()


def settle(lookups):
    until = time.monotonic() + 10
    while lookups._under_way:
        assert time.monotonic() < until
        time.sleep(0.002)


@pytest.fixture
def liar():
    """The podman of a user, who says of every container what suits that user."""
    return Engine(lambda container_id: known(container_id, "lie"), PODMAN, "podman", owner=1000)


@pytest.mark.parametrize(("owner", "name"), [(None, "web"), (1001, "web"), (1000, "lie")])
def test_a_users_engine_is_only_asked_about_what_runs_in_that_users_slice(running, liar, owner, name):
    said = iter((no(0),))  # The host's does not know it yet.
    lookups = running(Engine(lambda container_id: next(said, None) or known(container_id)), liar)
    lookups.request(SHORT, FULL, DOCKER, owner)
    assert answers(lookups, 1)[0].container.name == name and len(liar.asked) == (owner == 1000)


@pytest.mark.parametrize(("owner", "name"), [(None, "web"), (1000, "lie")])
def test_what_a_users_engine_says_beforehand_is_for_that_users_containers(running, liar, owner, name):
    said = iter((no(0),))
    lookups = running(Engine(lambda container_id: next(said, None) or known(container_id)), liar)
    lookups.prepare(FULL, PODMAN, 1000)
    settle(lookups)
    assert liar.asked == [FULL]
    lookups.request(SHORT, FULL, DOCKER, owner)
    assert answers(lookups, 1)[0].container.name == name


def test_what_a_users_engine_is_saying_when_the_container_runs_is_for_that_users_containers(running, liar):
    go, asked = threading.Event(), threading.Event()

    def say(container_id):
        asked.set()
        go.wait(10)
        return known(container_id, "lie")

    liar.say = say
    said = iter((no(0),))
    lookups = running(Engine(lambda container_id: next(said, None) or known(container_id)), liar)
    lookups.prepare(FULL, PODMAN, 1000)
    assert asked.wait(10)
    lookups.request(SHORT, FULL, DOCKER)
    go.set()
    assert answers(lookups, 1)[0].container.name == "web"


def test_a_users_engine_cannot_have_others_containers_looked_up_anew(running, liar):
    lookups = running(Engine(lambda container_id: known(container_id) if container_id == FULL else no(0)), liar)
    lookups.request(SHORT, FULL, DOCKER)
    lookups.request("b" * 12, "b" * 64, PODMAN, 1000)
    answers(lookups, 2)
    lookups.refresh(FULL, PODMAN, 1000)
    assert not lookups.is_busy
    liar.say = lambda container_id: known(container_id, "renamed")
    lookups.refresh("b" * 64, PODMAN, 1001)
    assert not lookups.is_busy
    lookups.refresh("b" * 64, PODMAN, 1000)
    assert answers(lookups, 1)[0].container.name == "renamed"


def test_a_full_queue_says_so(running):
    go = threading.Event()

    def wait(container_id):
        go.wait(5)
        return known(container_id)

    lookups = running(Engine(wait), capacity=3)
    for letter in "abcde":
        lookups.request(letter * 12, letter * 64, DOCKER)
    refused = answers(lookups, 2)
    go.set()
    assert {a.container.missing for a in refused} == {"too many containers wait for it"} and lookups.refused == 2
    assert len(answers(lookups, 3)) == 3


def test_what_was_looked_up_before_it_ran_is_there_at_once(running):
    engine = Engine(known)
    lookups = running(engine)
    lookups.prepare(FULL, DOCKER)
    settle(lookups)
    assert list(lookups.answers()) == []
    engine.say = no
    lookups.request(SHORT, FULL, DOCKER)
    (answer,) = lookups.answers()
    assert answer.container.name == "web" and answer.is_news and engine.asked == [FULL]


def test_a_container_that_runs_while_it_is_being_prepared_is_answered(running):
    go = threading.Event()

    def wait(container_id):
        go.wait(5)
        return known(container_id)

    lookups = running(Engine(wait))
    lookups.prepare(FULL, DOCKER)
    lookups.request(SHORT, FULL, DOCKER)
    go.set()
    assert answers(lookups, 1)[0].is_news


def test_a_removed_one_is_not_kept(running):
    engine = Engine(known)
    lookups = running(engine)
    lookups.prepare(FULL, DOCKER)
    settle(lookups)
    lookups.forget(SHORT)
    lookups.request(SHORT, FULL, DOCKER)
    answers(lookups, 1)
    assert engine.asked == [FULL, FULL]


def test_a_changed_one_is_no_news(running):
    names = iter(("old", "new"))
    lookups = running(Engine(lambda container_id: known(container_id, next(names))))
    lookups.request(SHORT, FULL, DOCKER)
    answers(lookups, 1)
    lookups.refresh(FULL, DOCKER)
    (answer,) = answers(lookups, 1)
    assert answer.container.name == "new" and not answer.is_news


def test_a_sandbox_comes_before_its_container_and_is_no_news(running):
    sandbox = Container("b" * 12, 7, name="pod", is_pod_sandbox=True)
    lookups = running(Engine(lambda container_id: (sandbox, *known(container_id))))
    lookups.request(SHORT, FULL, DOCKER)
    assert [(a.container.name, a.is_news) for a in answers(lookups, 2)] == [("pod", False), ("web", True)]


def test_memory_stays_bounded(running, monkeypatch, hurried):
    monkeypatch.setattr(module, "_KEPT", 20)
    monkeypatch.setattr(denials, "KEPT", 20)
    lookups = running(Engine(lambda container_id: known(container_id) if container_id[0] == "a" else no(0)), workers=4)
    for number in range(100):
        lookups.prepare(f"a{number:063}", DOCKER)
        lookups.request(f"b{number:011}", f"b{number:063}", DOCKER)
    assert len(answers(lookups, 100)) == 100
    settle(lookups)
    assert len(lookups._early) <= 20 and len(lookups._denied) <= 20 and not lookups._answered
