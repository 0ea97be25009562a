"""Which container a thread runs in: the engines in the order in which they are asked (libsinsp container_engine/*).

The first that knows wins. What an id means to users is the same as in libsinsp; podman is asked first, because the
cgroups of its rootless containers look like docker's as well.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from falco.state import cgroups
from falco.state.containers import Container, stub

if TYPE_CHECKING:
    from falco.state.cgroups import Cgroups
    from falco.state.threads import ThreadInfo

DOCKER, LXC, LIBVIRT_LXC, MESOS, RKT, CRI, BPM, PODMAN = 0, 1, 2, 3, 4, 6, 9, 11
"""Numbers of containers.TYPE_NAMES."""

FETCHED = frozenset((DOCKER, CRI, PODMAN))
"""Engines that have to be asked for more than the id."""

Walk = Callable[["ThreadInfo"], Iterator["ThreadInfo"]]
"""Gives a thread's parents, the nearest first."""
_BY_PATH: tuple[tuple[int, Callable[[Cgroups], str]], ...] = (
    (PODMAN, cgroups.podman),
    (DOCKER, cgroups.docker),
    (CRI, cgroups.cri),
    (LXC, cgroups.lxc),
    (LIBVIRT_LXC, cgroups.libvirt_lxc),
)
_TASK_IDS = ("MESOS_TASK_ID=", "mesos_task_id=", "MESOS_EXECUTOR_ID=")
"""Environment variables that hold a task's id: of Marathon, of Chronos, of others."""
_POD, _POD_ARGUMENT = "container_uuid=", "--uuid="
_STAGE2, _ROOTFS = "/opt/stage2/", "/rootfs"
_FLY, _FLY_STAGE2 = "/var/lib/rkt/pods/run/", "/stage1/rootfs/opt/stage2/"
_RKT_ROOTS = (_STAGE2, _FLY)


def identify(thread: ThreadInfo, ancestors: Walk, pods: Collection[str]) -> Container | None:
    """The least that is known of the container that a thread runs in; None on the host.

    pods are the ids of the rkt containers that metadata has come for.
    """
    told = _told(thread.cgroups)
    if told.container is not None:
        return told.container
    if told.is_silent and not thread.root.startswith(_RKT_ROOTS):
        return None
    if told.mesos and _has_task(thread, ancestors):
        return Container(told.mesos, MESOS, name=told.mesos)
    pod = _rkt(thread, told.units, ancestors, pods)
    if pod is not None:
        return pod
    return Container(told.bpm, BPM, name=told.bpm) if told.bpm else None


@dataclasses.dataclass(frozen=True, slots=True)
class _Told:
    """What cgroups tell: the container, or what may become one together with what else is known of the thread."""

    container: Container | None
    mesos: str
    units: tuple[str, ...]
    bpm: str
    is_silent: bool


@functools.lru_cache(maxsize=4096)
def _told(paths: Cgroups) -> _Told:
    mesos, units, bpm = cgroups.mesos(paths), cgroups.services(paths), cgroups.bpm(paths)
    return _Told(by_path(paths), mesos, units, bpm, not (mesos or units or bpm))


def by_path(paths: Cgroups) -> Container | None:
    """What the paths alone tell, for the engines that need no more."""
    for kind, engine in _BY_PATH:
        found = engine(paths)
        if found:
            if kind in (DOCKER, PODMAN):
                return stub(found, kind)
            return Container(found, kind, name="" if kind == CRI else found)
    word, found = cgroups.enclosing(paths)
    if found:
        kind = _ENCLOSING[word]
        return Container(found, CRI) if kind == CRI else stub(found, kind)
    pod, app = cgroups.rkt(paths)
    return Container(f"{pod}:{app}", RKT, name=app) if pod else None


_ENCLOSING = {"docker": DOCKER, "libpod": PODMAN, "cri-containerd": CRI, "crio": CRI}


def _has_task(thread: ThreadInfo, ancestors: Walk) -> bool:
    """Whether the thread belongs to a task; a Mesos executor, which has the same cgroup, does not."""
    task = _task_id(thread) or next(filter(None, map(_task_id, ancestors(thread))), "")
    return len(task) >= 3 and ("." in task or "_" in task)


def _task_id(thread: ThreadInfo) -> str:
    for prefix in _TASK_IDS:
        found = _variable(thread, prefix).strip(" ")
        if found:
            return found
    return ""


def _variable(thread: ThreadInfo, prefix: str) -> str:
    return next((text.removeprefix(prefix) for text in thread.main.env if text.startswith(prefix)), "")


def _rkt(thread: ThreadInfo, units: Iterable[str], ancestors: Walk, pods: Collection[str]) -> Container | None:
    if units and pods:
        pod = next(filter(None, map(_pod_of, ancestors(thread))), "")
        for unit in units:
            # Every service of systemd would look like an app if its pod did not have to be known.
            if f"{pod}:{unit}" in pods:
                return Container(f"{pod}:{unit}", RKT, name=unit)
    if thread.root.startswith(_STAGE2):
        app, found, _ = thread.root.removeprefix(_STAGE2).partition(_ROOTFS)
        pod = _variable(thread, _POD) or next(filter(None, (_variable(t, _POD) for t in ancestors(thread))), "")
        return Container(f"{pod}:{app}", RKT, name=app) if found and pod else None
    if thread.root.startswith(_FLY):
        pod, found, rest = thread.root.removeprefix(_FLY).partition(_FLY_STAGE2)
        app, ended, _ = rest.partition(_ROOTFS)
        return Container(f"{pod}:{app}", RKT, name=app) if found and ended else None
    return None


def _pod_of(thread: ThreadInfo) -> str:
    pod = _variable(thread, _POD)
    if pod:
        return pod
    return next((text.partition(_POD_ARGUMENT)[2] for text in thread.args if _POD_ARGUMENT in text), "")
