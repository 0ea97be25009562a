"""How an engine is doing: trouble is told once, and while it lasts the engine is left alone for longer and longer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.containers.engine import EngineError
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.containers.engine import Engine

FIRST_S, LONGEST_S = 0.2, 30.0
"""How long an engine in trouble is not asked, at first and at most."""
QUIET_S = 300.0
"""How long trouble that comes and goes is not told of again."""


class Health:
    """Of one engine; any thread may ask and tell. clock gives seconds that never step back.

    answers counts how often it has answered.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self.engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._pause_s = 0.0
        self._until = self._quiet_until = self._odd_until = 0.0
        self.answers = 0
        self._is_told = False
        self.trouble = ""
        """What is wrong; empty if nothing is known to be."""

    @property
    def is_paused(self) -> bool:
        """Whether it is not to be asked now."""
        return self._clock() < self._until

    def greet(self) -> None:
        """Get ready what it is asked with, if it is there, and find out how it is doing."""
        if self.engine.is_there:
            try:
                self.engine.version()
            except EngineError as error:
                self.ill(str(error))

    def well(self) -> None:
        """It gave an answer."""
        self.answers += 1
        if not self.trouble:
            return
        with self._lock:
            is_told, self._is_told, self.trouble = self._is_told, False, ""
            self._pause_s = self._until = 0.0
        if is_told:
            LOG.info("%s answers again", self.engine.name)

    def ill(self, trouble: str) -> None:
        """It gave none."""
        with self._lock:
            before, self.trouble = self.trouble, trouble
            now = self._clock()
            tells = not before and now >= self._quiet_until
            if tells:
                self._is_told, self._quiet_until = True, now + QUIET_S
            if now >= self._until:
                self._pause_s = min(2 * self._pause_s or FIRST_S, LONGEST_S)
                self._until = now + self._pause_s
        if tells:
            LOG.warning("%s tells nothing about containers: %s", self.engine.name, trouble)

    def odd(self, container_id: str, why: str) -> None:
        """It is well, but what it says of this container is of no use."""
        with self._lock:
            now = self._clock()
            tells = now >= self._odd_until
            if tells:
                self._odd_until = now + QUIET_S
        if tells:
            LOG.warning("%s tells nothing about container %s: %s", self.engine.name, container_id, why)
