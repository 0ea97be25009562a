"""cgroup strings: what they say, and the containers that their paths alone tell of (libsinsp container_engine/*)."""

from __future__ import annotations

import functools
import re

from falco.events.decode import LONGEST_LIST, strings

Cgroups = tuple[tuple[str, str], ...]
"""(subsystem, path) pairs."""
_SUBSYSTEMS = {"perf": "perf_event", "mem": "memory", "io": "blkio"}
_HEX64 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_USER_SLICE = re.compile(r"/user\.slice/user-\d+\.slice/")
_USER = re.compile(r"^/user\.slice/user-(\d+)\.slice/")
_PODMAN_SCOPE = re.compile(r"podman-\d+\.scope/")
_BPM = re.compile(r"/(?:runc-)?bpm-([A-Za-z0-9._-]+?)(?:\.scope(?:/.*)?)?(?<!\.service)(?<!\.slice)$")
"""A cgroup of a job's, for systemd with runc's name in front. libsinsp takes `bpm-` anywhere in a path, and with it
services of the host."""
_MESOS = re.compile(r"[0-9a-fA-F-]{36}")
_ENCLOSING = re.compile(
    r"(?:/(?P<by>docker|libpod|cri-containerd|crio)-|:(?P<of>cri-containerd):|/docker/|/pod[0-9a-f-]{32,36}/)"
    r"(?P<id>[0-9a-f]{64})(?:\.scope)?(?=/)",
    re.IGNORECASE,
)
"""A container's own cgroup in the path of one below it."""
_RKT = re.compile(r"/machine-rkt\\x2d([0-9a-f]{8}(?:\\x2d[0-9a-f]{4}){3}\\x2d[0-9a-f]{12})\.scope/.*?([^/]+)\.service$")
_ID = 12
"""Digits of a 64-digit id that are shown."""

Layouts = tuple[tuple[str, str], ...]
DOCKER_LAYOUTS: Layouts = (("/", ""), ("/docker-", ".scope"))
CRI_LAYOUTS: Layouts = (
    ("/", ""),
    ("/crio-", ""),
    ("/cri-containerd-", ".scope"),
    ("/crio-", ".scope"),
    (":cri-containerd:", ""),
)
PODMAN_LAYOUTS: Layouts = (("/libpod-", ".scope"), ("/libpod-", ".scope/container"), ("/libpod-", ""))
"""What stands before and behind the 64 digits in a path."""


def parse(raw: bytes) -> Cgroups:
    """(subsystem, path) pairs of NUL-separated `subsystem=path`; names are normalised as libsinsp does.

    The last `=` divides. What follows an item without one is not read.
    """
    return _parse(raw[:LONGEST_LIST])


@functools.lru_cache(maxsize=4096)
def _parse(raw: bytes) -> Cgroups:
    pairs = []
    for item in strings(raw):
        name, equals, path = item.rpartition("=")
        if not equals:
            break
        name = name.replace("_cgroup", "", 1)
        pairs.append((_SUBSYSTEMS.get(name, name), path))
    return tuple(pairs)


def runc(cgroups: Cgroups, layouts: Layouts) -> str:
    """The first 12 of exactly 64 hex digits between the last prefix and the last suffix of a path, or ''."""
    for _, path in cgroups:
        for prefix, suffix in layouts:
            start = path.rfind(prefix)
            end = path.rfind(suffix) if suffix else len(path)
            if start >= 0 and end - start - len(prefix) == 64:
                digits = path[start + len(prefix) : end]
                if _HEX64.fullmatch(digits):
                    return digits[:_ID]
    return ""


def is_of_pod(cgroups: Cgroups) -> bool:
    """Whether a kubelet has made a path: then a CRI runtime is likely to know the container, and docker may."""
    return any("/kubepods" in path or "kubelet-kubepods" in path or ":cri-containerd:" in path for _, path in cgroups)


def user(cgroups: Cgroups) -> int | None:
    """The user in whose slice the paths are, which systemd keeps others from; None outside of those."""
    found = filter(None, (_USER.match(path) for _, path in cgroups))
    return next((int(match[1]) for match in found), None)


def full_id(cgroups: Cgroups, short: str) -> str:
    """The 64 digits that the short id is the beginning of; the short id if no path has them."""
    found = (match.group() for _, path in cgroups for match in _HEX64.finditer(path))
    return next((digits for digits in found if digits.startswith(short)), short)


def enclosing(cgroups: Cgroups) -> tuple[str, str]:
    """By which word the innermost container is known that a process is in a cgroup below of, and its id; or ('', '').

    systemd in a container, and whatever else makes cgroups there, puts processes below the container's own.
    """
    for _, path in cgroups:
        found = list(_ENCLOSING.finditer(path))
        if found:
            return (found[-1]["by"] or found[-1]["of"] or "docker").lower(), found[-1]["id"][:_ID]
    return "", ""


def rkt(cgroups: Cgroups) -> tuple[str, str]:
    """The uuid of a rkt pod and its app, where systemd-machined has registered the pod; or ('', '')."""
    for _, path in cgroups:
        found = _RKT.search(path)
        if found is not None:
            return found[1].replace("\\x2d", "-"), found[2]
    return "", ""


def docker(cgroups: Cgroups) -> str:
    """The id of a docker container."""
    return runc(cgroups, DOCKER_LAYOUTS)


def cri(cgroups: Cgroups) -> str:
    """The id of a container of containerd or cri-o."""
    return runc(cgroups, CRI_LAYOUTS)


def podman(cgroups: Cgroups) -> str:
    """The id of a podman container, of root's or, below a user's slice, of a user's own."""
    found = runc(cgroups, PODMAN_LAYOUTS)
    if found:
        return found
    for subsystem, path in cgroups:
        digits = path.rpartition("/")[2]
        rootless = _USER_SLICE.match(path) or (subsystem == "name=systemd" and _PODMAN_SCOPE.search(path))
        if rootless and _HEX64.fullmatch(digits):
            return digits[:_ID]
    return ""


def lxc(cgroups: Cgroups) -> str:
    """The name of an LXC container."""
    for _, path in cgroups:
        for marker in ("/lxc/", "/lxc.payload/", "/lxc.payload."):
            _, found, rest = path.partition(marker)
            if found:
                return rest.partition("/")[0]
    return ""


def libvirt_lxc(cgroups: Cgroups) -> str:
    """The name of a libvirt LXC domain, in each of the three forms that libvirt gave its cgroups."""
    for _, path in cgroups:
        found = _libvirt_lxc(path)
        if found:
            return found
    return ""


def _libvirt_lxc(path: str) -> str:
    if path.endswith(".libvirt-lxc") and "/" in path:
        return path[path.rfind("/") + 1 : -len(".libvirt-lxc")]
    _, found, rest = path.partition("-lxc\\x2")
    if found and path.endswith(".scope"):
        # What is left of the escape is its last digit: \x2d, a dash; then the domain's name.
        return rest[1 : -len(".scope")]
    return path.partition("/libvirt/lxc/")[2]


def mesos(cgroups: Cgroups) -> str:
    """The id that a Mesos agent gave a container."""
    for _, path in cgroups:
        rest = path.partition("/mesos/")[2]
        if _MESOS.fullmatch(rest):
            return rest
    return ""


def services(cgroups: Cgroups) -> tuple[str, ...]:
    """The systemd units (without .service) that the paths end in: the apps of rkt pods are units."""
    return tuple(path.rpartition("/")[2].removesuffix(".service") for _, path in cgroups if path.endswith(".service"))


def bpm(cgroups: Cgroups) -> str:
    """The name of a BOSH process manager's job."""
    for _, path in cgroups:
        found = _BPM.search(path)
        if found is not None:
            return found[1]
    return ""
