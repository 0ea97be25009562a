import os
import time
from types import SimpleNamespace

import pytest

from falco.capture.scap import blocks, writer
from falco.commands import container_lookups
from falco.commands.container_lookups import SWEEP_S, ContainerLookups, asked, own_asking, report, wait_ns
from falco.commands.options import parse
from falco.config_schema import Config
from falco.containers import lookups
from falco.containers.docker import DockerEngine
from falco.containers.engine import NoSuchContainerError
from falco.containers.k8s_api import K8sApi, Pod, access
from falco.state.container_events import parse as parse_container
from falco.state.containers import Container, K8sObject
from falco.state.engines import CRI, DOCKER, PODMAN
from falco.state.state import State
from tests.events import Builder, process
from tests.unit.containers.daemon import Daemon, reply

ID = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
SHORT = ID[:12]


class Engine:
    kind, name, is_there = DOCKER, "docker", True
    owner: int | None = None

    def __init__(self, known=True):
        self.known, self.asked, self.pause_s = known, [], 0.0

    def version(self):
        return "1"

    def look_up(self, container_id):
        self.asked.append(container_id)
        time.sleep(self.pause_s)
        if not self.known:
            raise NoSuchContainerError("no")
        return (Container(container_id[:12], DOCKER, name="web"),)


@pytest.fixture
def state():
    return State()


def enter(state, tid=7, path=f"/docker/{ID}"):
    thread = process(tid)
    thread.cgroups = (("cpu", path),)
    state.add_thread(thread)
    state.resolve_container(thread)
    return thread


@pytest.fixture
def running(state):
    opened = []

    def run(engine):
        containers = ContainerLookups([engine], state, lambda: 5000)
        containers.start()
        opened.append(containers)
        return containers

    yield run
    for containers in opened:
        containers.close()


def taken(containers, count=1):
    found: list[bytes] = []
    until = time.monotonic() + 10
    while len(found) < count:
        found += containers.blocks()
        assert time.monotonic() < until
        time.sleep(0.002)
    return found


def test_what_was_there_is_known_before_the_first_event(state, running):
    engine = Engine()
    containers = running(engine)
    enter(state)
    containers.first()
    assert state.containers[SHORT].name == "web" and engine.asked == [ID] and not state.fetching
    assert list(containers.blocks()) == []


def test_the_wait_ends_with_the_last_answer(state):
    containers = ContainerLookups([Engine()], state, lambda: 5000, clock=lambda: 0.0)
    containers.start()
    enter(state)
    pauses: list[float] = []

    def sleep(seconds):
        assert len(pauses) < 1000, "it goes on waiting"
        pauses.append(seconds)
        time.sleep(seconds)

    containers.first(sleep)
    containers.close()
    assert state.containers[SHORT].name == "web" and not containers.lookups.is_busy


def test_what_comes_to_life_is_told_by_an_event(state, running):
    containers = running(Engine())
    containers.first()
    enter(state)
    (block,) = taken(containers)
    assert writer.dump_flags(block) == 0 and b'"name": "web"' in block and b'"id": "3ad7b26ded6d"' in block


def test_that_nothing_is_known_is_for_the_state_only(state, running, monkeypatch):
    monkeypatch.setattr(lookups, "UNKNOWN_S", 0.1)
    containers = running(Engine(known=False))
    containers.first()
    enter(state)
    (block,) = taken(containers)
    assert writer.dump_flags(block) == blocks.STATE_ONLY and b'"lookup_error": "docker does not know it"' in block


def test_a_pods_container_is_looked_for_at_a_cri_runtime_first(state, running):
    containers = running(Engine())
    containers.first()
    seen: list[tuple[object, ...]] = []
    containers.lookups = SimpleNamespace(
        request=lambda *asked, is_news: seen.append((*asked, is_news)), close=lambda: None
    )
    enter(state, path=f"/kubepods/burstable/pod1/{ID}")
    enter(state, tid=8, path=f"/docker/{ID}")
    enter(state, tid=9, path=f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{'b' * 64}.scope")
    assert seen == [
        (SHORT, ID, CRI, None, True),
        (SHORT, ID, DOCKER, None, True),
        ("b" * 12, "b" * 64, PODMAN, 1000, True),
    ]


def test_a_start_does_not_wait_long_for_engines(state, running):
    engine = Engine()
    engine.pause_s = 3
    containers = running(engine)
    enter(state)
    start = time.monotonic()
    containers.first()
    assert time.monotonic() - start < 2 and SHORT in state.fetching


def test_a_removed_container_is_forgotten_after_a_while(state):
    now = [100.0]
    containers = ContainerLookups([], state, lambda: 0, clock=lambda: now[0])
    state.learn_container(Container(SHORT, DOCKER), 0)
    containers._followers.take("destroy", ID, DOCKER)
    assert list(containers.blocks()) == [] and SHORT in state.containers
    now[0] += 60
    assert list(containers.blocks()) == [] and SHORT not in state.containers


def test_one_that_nobody_says_is_removed_is_forgotten_some_time_after_its_last_process(state):
    now = [100.0]
    containers = ContainerLookups([], state, lambda: 0, clock=lambda: now[0])
    thread = enter(state, path=f"/kubepods.slice/cri-containerd-{ID}.scope")
    state.learn_container(Container(SHORT, 7), 0)
    known = []
    for _ in range(4):
        now[0] += SWEEP_S
        assert list(containers.blocks()) == []
        known.append(SHORT in state.containers)
        if len(known) == 2:
            state.remove_thread(thread)
    assert known == [True, True, True, False]


def test_which_engines_are_asked():
    names = [engine.name for engine in asked(parse(["--cri", "/a", "--cri", "/b"], {"HOST_ROOT": "/host"}), Config())]
    assert names[0] == "docker (/host/run/docker.sock)" and names[-2:] == ["CRI (/host/a)", "CRI (/host/b)"]
    assert asked(parse([], {}), Config())[-1].name == "CRI (/run/k3s/containerd/containerd.sock)"


def test_how_long_events_wait():
    assert wait_ns(parse([], {}), Config()) == 500_000_000
    assert wait_ns(parse(["--disable-cri-async"], {}), Config()) == 10_000_000_000


def test_how_engines_are_doing(tmp_path):
    with Daemon(tmp_path / "d", **{"/version": reply({"Version": "9", "ApiVersion": "1.41"})}):
        engines = [DockerEngine(str(tmp_path / "d")), DockerEngine(str(tmp_path / "none"), PODMAN)]
        assert report(engines) == {
            f"docker ({tmp_path}/d)": "9 (API 1.41)",
            f"podman ({tmp_path}/none)": "no socket",
        }
        engines[0].close()
    assert report([DockerEngine(str(tmp_path / "d"))])[f"docker ({tmp_path}/d)"] == "trouble: Connection refused"


def test_what_a_pod_belongs_to_comes_as_an_event_of_its_containers(state):
    api = K8sApi(access("http://127.0.0.1:1", None))
    containers = ContainerLookups([], state, lambda: 5000, api)
    labels = {"io.kubernetes.pod.uid": "u", "io.kubernetes.pod.name": "p", "io.kubernetes.pod.namespace": "n"}
    told = containers._placed(Container(SHORT, 7, labels=labels))
    state.learn_container(told, 0)
    assert told.k8s == {} and api._pods.get_nowait() == Pod("u", "n", "p")
    api._answers.append(("u", {"rs": (K8sObject("web-rs", "id", {"a": "b"}),)}))
    (block,) = containers.blocks()
    assert writer.dump_flags(block) == blocks.STATE_ONLY
    known = parse_container(block[block.index(b"{") : block.rindex(b"}") + 1])
    assert known.k8s == {"rs": (K8sObject("web-rs", "id", {"a": "b"}),)} and known.labels == labels
    assert containers._placed(Container(SHORT, 7, labels=labels)).k8s == known.k8s


def test_its_own_asking_is_known(state, monkeypatch):
    monkeypatch.setattr(container_lookups, "own_pid", {"/": os.getpid()}.get)
    is_own = own_asking("/")
    builder = Builder(state, tid=os.getpid())
    state.add_thread(process(os.getpid()))
    state.add_thread(process(7))
    assert is_own(builder.event("SOCKET_CONNECT_X"))
    assert not is_own(builder.event("SYSCALL_OPEN_X", fd=3, name="/x"))
    assert not is_own(builder.event("SOCKET_CONNECT_X", tid=7))
