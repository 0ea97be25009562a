"""Questions that are answered, that fail, and that nobody answers."""

from __future__ import annotations

import threading
import time

import pytest

from falco.capture.live.asking import AGAIN_S, MOST, Asking, NoAnswerError

PATIENCE_S = 60


class Hanging:
    """A question that is answered once it is let go."""

    def __init__(self):
        self.let_go, self.calls = threading.Event(), 0

    def __call__(self):
        self.calls += 1
        self.let_go.wait()
        return "late"


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def asking(now):
    asking = Asking(clock=lambda: now[0])
    yield asking
    asking.close()


@pytest.fixture
def hanging():
    question = Hanging()
    yield question
    question.let_go.set()


def no_answer(asking, whom, question):
    with pytest.raises(NoAnswerError):
        asking.ask(whom, question, f"/{whom}")


def until_asked(asking, whom):
    """Ask until there is an answer; its thread may still be about to end."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            return asking.ask(whom, lambda: "there", "")
        except NoAnswerError:
            time.sleep(0.01)
    raise AssertionError(whom)


def test_the_answer_is_what_the_question_returns_or_raises(asking):
    assert asking.ask("a", lambda: 7, "") == 7
    assert asking.ask("a", lambda: None, "") is None
    with pytest.raises(OSError, match="gone"):
        asking.ask("a", lambda: (_ for _ in ()).throw(OSError(2, "gone")), "")
    assert (asking.unanswered, asking.refused) == (0, 0)


def test_who_does_not_answer_is_not_asked_again_and_others_are(asking, hanging, caplog):
    no_answer(asking, "a", hanging)
    no_answer(asking, "a", hanging)
    assert hanging.calls == 1
    assert asking.ask("b", lambda: 7, "") == 7
    assert (asking.unanswered, asking.refused) == (1, 1)
    assert caplog.text.count("No answer within 50 ms: /a. It goes on without") == 1


def test_an_answer_that_is_late_is_nobody_elses(asking, hanging):
    no_answer(asking, "a", hanging)
    hanging.let_go.set()
    assert asking.ask("b", lambda: "own", "") == "own"


def test_it_is_asked_again_once_it_has_answered_and_time_has_passed(asking, hanging, now):
    no_answer(asking, "a", hanging)
    now[0] += 10 * AGAIN_S
    no_answer(asking, "a", lambda: "there")
    hanging.let_go.set()
    assert until_asked(asking, "a") == "there"


def test_one_that_answers_late_is_let_alone_for_a_while(asking, hanging, now):
    no_answer(asking, "a", hanging)
    hanging.let_go.set()
    asking._owing["a"][0].thread.join(PATIENCE_S)
    no_answer(asking, "a", lambda: "there")
    now[0] += AGAIN_S
    assert asking.ask("a", lambda: "there", "") == "there"


def test_so_many_may_owe_an_answer_and_then_nobody_is_asked(asking, hanging, now, caplog):
    for number in range(MOST):
        no_answer(asking, number, hanging)
    no_answer(asking, "other", hanging)
    no_answer(asking, "another", hanging)
    assert hanging.calls == MOST
    assert caplog.text.count(f"File systems of {MOST} mount namespaces do not answer") == 1
    hanging.let_go.set()
    now[0] += AGAIN_S
    assert until_asked(asking, "other") == "there"


def test_its_thread_ends_when_it_is_closed(asking):
    asking.ask("a", lambda: 7, "")
    thread = asking._worker.thread
    asking.close()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
