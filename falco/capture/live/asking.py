"""Questions that may never be answered, such as to a file system that somebody else serves: put by a thread beside.

Whoever looks at events waits for an answer no longer than LIMIT_S. The thread that got none is left to its question and
another one takes its place, but there are never more than MOST of those.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from queue import Empty, SimpleQueue
from typing import TypeVar

from falco.logs import LOG

LIMIT_S = 0.05
AGAIN_S = 5.0
"""After how long, at the earliest, who did not answer is asked again: so one costs a hundredth of the time at most."""
MOST = 8
"""So many may owe an answer; then nobody is asked until one of them has answered."""

Answer = TypeVar("Answer")


class NoAnswerError(Exception):
    """There was no answer in time, or none was waited for."""


class Asking:
    """Asks for one thread. unanswered counts questions that got no answer in time, refused those that were not put.

    begin is called by each thread that answers, before all else.
    """

    def __init__(self, begin: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic) -> None:
        self._begin = begin
        self.unanswered = self.refused = 0
        self._clock = clock
        self._worker: _Worker | None = None
        self._owing: dict[Hashable, tuple[_Worker, float]] = {}
        self._is_full_told = False

    def ask(self, whom: Hashable, question: Callable[[], Answer], what: str) -> Answer:
        """What the question returns or, if it is an OSError, raises. NoAnswerError.

        whom is who has to answer, what is for the log.
        """
        if self._owing and not self._may_ask(whom):
            self.refused += 1
            raise NoAnswerError
        worker = self._worker = self._worker or _Worker(self._begin)
        worker.questions.put(question)
        try:
            answer = worker.answers.get(timeout=LIMIT_S)
        except Empty:
            self._leave(whom, worker, what)
            raise NoAnswerError from None
        if isinstance(answer, OSError):
            raise answer
        return answer  # type: ignore[return-value]

    def close(self) -> None:
        """Ask nothing more; say what was not answered."""
        if self._worker is not None:
            self._worker.questions.put(None)
            self._worker = None
        if self.unanswered:
            LOG.warning(
                "%d questions were not answered in time, and %d not asked for that", self.unanswered, self.refused
            )

    def _may_ask(self, whom: Hashable) -> bool:
        now = self._clock()
        for other, (worker, until) in list(self._owing.items()):
            if now >= until and not worker.thread.is_alive():
                del self._owing[other]
        if len(self._owing) < MOST:
            return whom not in self._owing
        if not self._is_full_told:
            self._is_full_told = True
            LOG.warning(
                "File systems of %d mount namespaces do not answer: until they do, links are not followed", MOST
            )
        return False

    def _leave(self, whom: Hashable, worker: _Worker, what: str) -> None:
        """Let the worker wait alone; it ends when it is answered."""
        worker.questions.put(None)
        self._worker = None
        self._owing[whom] = worker, self._clock() + AGAIN_S
        self.unanswered += 1
        if self.unanswered == 1:
            LOG.warning("No answer within %g ms: %s. It goes on without (more is only counted)", LIMIT_S * 1000, what)


class _Worker:
    """A thread that answers questions until it gets None."""

    def __init__(self, begin: Callable[[], None]) -> None:
        self._begin = begin
        self.questions: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self.answers: SimpleQueue[object] = SimpleQueue()
        self.thread = threading.Thread(target=self._run, name="falco-asking", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self._begin()
        while (question := self.questions.get()) is not None:
            try:
                answer = question()
            except OSError as error:
                answer = error
            self.answers.put(answer)
