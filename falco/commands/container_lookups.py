"""What container engines tell, on its way to the events of a live run: asked when state meets a container, answered by
events beside those of the kernel.
"""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from falco.capture.live.procfs_host import own_pid
from falco.capture.scap import blocks
from falco.capture.scap.writer import container_event
from falco.containers.docker import DockerEngine
from falco.containers.engine import EngineError
from falco.containers.followers import Followers
from falco.containers.k8s_api import K8sApi, Pod, access
from falco.containers.lookups import Lookups
from falco.containers.sockets import engines
from falco.events.table import codes_named
from falco.fields.k8s import POD_NAME, POD_NAMESPACE
from falco.state import cgroups
from falco.state.container_events import compose, parse
from falco.state.containers import POD_UID
from falco.state.engines import CRI
from falco.state.fetching import LONGEST_NS

if TYPE_CHECKING:
    from falco.commands.options import Options
    from falco.config_schema import Config
    from falco.containers.engine import Engine
    from falco.containers.k8s_api import Belongings
    from falco.events.event import Event
    from falco.state.containers import Container
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

FIRST_ANSWERS_S = 1.0
"""How long a start waits for what there is to know of the containers that it finds."""
_LINGER_S = 5.0
"""How long a removed container is kept: the last events of its processes may be on their way."""
SWEEP_S = 60.0
"""How often those are looked for that nobody says are removed, as CRI runtimes and a podman without service do not."""
_PAUSE_S = 0.01
_MOST_PODS = 4096
_CONNECTS = frozenset(codes_named("connect"))


def wait_ns(options: Options, config: Config) -> int:
    """How long an event waits for an answer."""
    return LONGEST_NS if options.disable_cri_async else config.containers.wait_ms * 1_000_000


def asked(options: Options, config: Config) -> list[Engine]:
    """The engines that are asked, whether they are there or not."""
    wanted = config.containers
    cri = options.cri or wanted.cri_sockets
    return engines(options.host_root, wanted.docker_sockets, wanted.podman_sockets, cri)


def k8s_api(options: Options) -> K8sApi | None:
    """The Kubernetes API server that is asked, if any. FalcoError for one that cannot be."""
    return None if options.k8s_api is None else K8sApi(access(options.k8s_api, options.k8s_api_cert))


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
    own = own_pid(host_root)

    def is_own(event: Event) -> bool:
        thread = event.thread
        return event.code in _CONNECTS and thread is not None and thread.pid == own

    return is_own


class ContainerLookups:
    """Between a state and the engines. now_ns is the time of events, clock gives seconds that never step back."""

    def __init__(
        self, asked: Iterable[Engine], state: State, now_ns: Callable[[], int], api: K8sApi | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.lookups = Lookups(list(asked), clock)
        self._followers = Followers(self.lookups, self._ended)
        self._state, self._now_ns, self._clock = state, now_ns, clock
        self._ends: deque[tuple[float, str]] = deque()
        self._next_sweep = clock() + SWEEP_S
        self._is_news = False
        self._api = api
        self._belongings: dict[str, Belongings] = {}

    def start(self) -> None:
        """Ask about whatever container state meets from now on; what it meets before first() had been there."""
        self._state.fetching.on_sight = self._sight
        self.lookups.start()
        if self._api is not None:
            self._api.start()
        followed = ((h.engine, h) for h in self.lookups.healths if isinstance(h.engine, DockerEngine))
        self._followers.start(followed)

    def first(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take in what is known of the containers that are there, after a short wait for it."""
        until = self._clock() + FIRST_ANSWERS_S
        self._learn()
        while self.lookups.is_busy and self._clock() < until:
            sleep(_PAUSE_S)
            self._learn()
        self._is_news = True

    def _learn(self) -> None:
        for answer in self.lookups.answers():
            self._state.learn_container(parse(compose(self._placed(answer.container))), self._now_ns())

    def blocks(self) -> Iterable[bytes]:
        """Events that tell of what has been answered since the last time."""
        for answer in self.lookups.answers():
            flags = 0 if answer.is_news and not answer.container.is_stub else blocks.STATE_ONLY
            yield container_event(self._now_ns(), compose(self._placed(answer.container)), flags)
        for uid, belongings in self._api.answers() if self._api is not None else ():
            yield from self._place(uid, belongings)
        while self._ends and self._ends[0][0] < self._clock():
            self._state.forget_container(self._ends.popleft()[1])
        if self._clock() >= self._next_sweep:
            self._next_sweep = self._clock() + SWEEP_S
            self._state.forget_idle_containers()

    def close(self) -> None:
        """Ask no more."""
        self._state.fetching.on_sight = None
        self._followers.close()
        self.lookups.close()
        if self._api is not None:
            self._api.close()

    def _placed(self, container: Container) -> Container:
        """The container with what its pod belongs to, if that is known; else it is asked for."""
        uid = container.labels.get(POD_UID)
        if self._api is None or uid is None:
            return container
        if uid in self._belongings:
            return dataclasses.replace(container, k8s=self._belongings[uid], json=b"")
        labels = container.labels
        self._api.request(Pod(uid, labels.get(POD_NAMESPACE, ""), labels.get(POD_NAME, "")))
        return container

    def _place(self, uid: str, belongings: Belongings) -> Iterable[bytes]:
        """Events that tell of a pod's containers with what it belongs to."""
        if len(self._belongings) >= _MOST_PODS:
            del self._belongings[next(iter(self._belongings))]
        self._belongings[uid] = belongings
        for container in [each for each in self._state.containers.values() if each.labels.get(POD_UID) == uid]:
            yield container_event(self._now_ns(), compose(self._placed(container)), blocks.STATE_ONLY)

    def _sight(self, container: Container, thread: ThreadInfo) -> None:
        full = cgroups.full_id(thread.cgroups, container.id)
        likely = CRI if cgroups.is_of_pod(thread.cgroups) else container.type
        self.lookups.request(container.id, full, likely, cgroups.user(thread.cgroups), is_news=self._is_news)

    def _ended(self, container_id: str) -> None:
        self._ends.append((self._clock() + _LINGER_S, container_id))
