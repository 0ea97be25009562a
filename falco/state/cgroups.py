"""cgroup strings: what they say, and which container a process belongs to by them (libsinsp container_engine/*)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from falco.events.decode import strings

_SUBSYSTEMS = {"perf": "perf_event", "mem": "memory", "io": "blkio"}
_HEX64 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


def parse(raw: bytes) -> list[tuple[str, str]]:
    """(subsystem, path) pairs of NUL-separated `subsystem=path`; names are normalised as libsinsp does."""
    pairs = []
    for item in strings(raw):
        name, equals, path = item.rpartition("=")
        if equals:
            name = name.replace("_cgroup", "")
            pairs.append((_SUBSYSTEMS.get(name, name), path))
    return pairs


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """The container that a cgroup path names; type is a number of state.containers.TYPE_NAMES."""

    id: str
    type: int


DOCKER, LXC, LIBVIRT_LXC, CRI = 0, 1, 2, 6

_RUNC_LAYOUTS = (
    (DOCKER, "/", ""),
    (DOCKER, "/docker-", ".scope"),
    (CRI, "/crio-", ""),
    (CRI, "/cri-containerd-", ".scope"),
    (CRI, "/crio-", ".scope"),
)


def identify(cgroups: Iterable[tuple[str, str]]) -> Identity | None:
    """The container of a process, None on the host; engines are asked in libsinsp's order."""
    paths = [path for _, path in cgroups]
    for kind, prefix, suffix in _RUNC_LAYOUTS:
        for path in paths:
            found = _runc(path, prefix, suffix)
            if found:
                return Identity(found, kind)
    for path in paths:
        for kind, engine in ((LXC, _lxc), (LIBVIRT_LXC, _libvirt)):
            found = engine(path)
            if found:
                return Identity(found, kind)
    return None


def _runc(path: str, prefix: str, suffix: str) -> str:
    """The first 12 of exactly 64 hex digits between the last prefix and the last suffix, or ''."""
    start = path.rfind(prefix)
    end = path.rfind(suffix) if suffix else len(path)
    if start < 0 or end < 0 or end - start - len(prefix) != 64:
        return ""
    text = path[start + len(prefix) : end]
    return text[:12] if _HEX64.fullmatch(text) else ""


def _lxc(path: str) -> str:
    for marker in ("/lxc/", "/lxc.payload/"):
        _, found, rest = path.partition(marker)
        if found:
            return rest.partition("/")[0]
    return ""


def _libvirt(path: str) -> str:
    if path.endswith(".libvirt-lxc"):
        return path[path.rfind("/") + 1 : -len(".libvirt-lxc")]
    head, found, rest = path.rpartition("-lxc\\x2")
    if found and head and rest.endswith(".scope"):
        # The escape is \x2d, a dash; what follows it is the domain's name.
        return rest[1 : -len(".scope")]
    _, found, rest = path.partition("/libvirt/lxc/")
    return rest.partition("/")[0] if found else ""
