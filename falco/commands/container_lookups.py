"""What container engines tell, on its way to the events of a live run: asked when state meets a container, answered by
events beside those of the kernel.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from falco.capture.scap import blocks
from falco.capture.scap.writer import container_event
from falco.containers.docker import DockerEngine
from falco.containers.engine import EngineError
from falco.containers.followers import Followers
from falco.containers.lookups import Lookups
from falco.containers.sockets import engines
from falco.events.table import codes_named
from falco.state import cgroups
from falco.state.container_events import compose, parse
from falco.state.engines import CRI
from falco.state.fetching import LONGEST_NS

if TYPE_CHECKING:
    from falco.commands.options import Options
    from falco.config_schema import Config
    from falco.containers.engine import Engine
    from falco.events.event import Event
    from falco.state.containers import Container
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

FIRST_ANSWERS_S = 1.0
"""How long a start waits for what there is to know of the containers that it finds."""
_LINGER_S = 5.0
"""How long a removed container is kept: the last events of its processes may be on their way."""
_PAUSE_S = 0.01
_CONNECTS = frozenset(codes_named("connect"))


def wait_ns(options: Options, config: Config) -> int:
    """How long an event waits for an answer."""
    return LONGEST_NS if options.disable_cri_async else config.containers.wait_ms * 1_000_000


def asked(options: Options, config: Config) -> list[Engine]:
    """The engines that are asked, whether they are there or not."""
    wanted = config.containers
    cri = options.cri or wanted.cri_sockets
    return engines(options.host_root, wanted.docker_sockets, wanted.podman_sockets, cri)


def report(asked: Iterable[Engine]) -> dict[str, str]:
    """What each engine says it is, or what is the matter with it."""
    return {engine.name: _state(engine) for engine in asked}


def _state(engine: Engine) -> str:
    if not engine.is_there:
        return "no socket"
    try:
        return engine.version()
    except EngineError as error:
        return f"trouble: {error}"


def own_asking(host_root: str) -> Callable[[Event], bool]:
    """What tells whether an event is this process's connecting to an engine, which is no intruder's doing."""
    try:
        own = int(os.readlink(f"{host_root.rstrip('/')}/proc/self"))  # noqa: PTH115 - as that /proc counts processes
    except (OSError, ValueError):
        own = os.getpid()

    def is_own(event: Event) -> bool:
        thread = event.thread
        return event.code in _CONNECTS and thread is not None and thread.pid == own

    return is_own


class ContainerLookups:
    """Between a state and the engines. now_ns is the time of events, clock gives seconds that never step back."""

    def __init__(
        self, asked: Iterable[Engine], state: State, now_ns: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.lookups = Lookups(list(asked), clock)
        self._followers = Followers(self.lookups, self._ended)
        self._state, self._now_ns, self._clock = state, now_ns, clock
        self._ends: deque[tuple[float, str]] = deque()
        self._is_news = False

    def start(self) -> None:
        """Ask about whatever container state meets from now on; what it meets before first() had been there."""
        self._state.fetching.on_sight = self._sight
        self.lookups.start()
        followed = ((h.engine, h) for h in self.lookups.healths if isinstance(h.engine, DockerEngine))
        self._followers.start(followed)

    def first(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take in what is known of the containers that are there, after a short wait for it."""
        until = self._clock() + FIRST_ANSWERS_S
        while self.lookups.is_busy and self._clock() < until:
            sleep(_PAUSE_S)
        for answer in self.lookups.answers():
            self._state.learn_container(parse(compose(answer.container)), self._now_ns())
        self._is_news = True

    def blocks(self) -> Iterable[bytes]:
        """Events that tell of what has been answered since the last time."""
        for answer in self.lookups.answers():
            flags = 0 if answer.is_news and not answer.container.is_stub else blocks.STATE_ONLY
            yield container_event(self._now_ns(), compose(answer.container), flags)
        while self._ends and self._ends[0][0] < self._clock():
            self._state.forget_container(self._ends.popleft()[1])

    def close(self) -> None:
        """Ask no more."""
        self._state.fetching.on_sight = None
        self._followers.close()
        self.lookups.close()

    def _sight(self, container: Container, thread: ThreadInfo) -> None:
        full = cgroups.full_id(thread.cgroups, container.id)
        likely = CRI if cgroups.is_of_pod(thread.cgroups) else container.type
        self.lookups.request(container.id, full, likely, is_news=self._is_news)

    def _ended(self, container_id: str) -> None:
        self._ends.append((self._clock() + _LINGER_S, container_id))
