"""What the container needs of its host and of `docker run`, looked at before the start: each lack with its mend."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from falco.capture.probe.build import FLOOR

_CAP_EFF = re.compile(r"^CapEff:\s*([0-9a-f]+)$", re.MULTILINE)
_DAC_READ_SEARCH, _SYS_PTRACE, _SYS_ADMIN, _PERFMON, _BPF = 2, 19, 21, 38, 39
"""Numbers of capabilities, from linux/capability.h."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """A lack. A fatal one keeps the host from being watched; with others less is known."""

    text: str
    mend: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"preflight: {self.text}; to mend it: {self.mend}"


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where to look: the host's root, where sockets of container runtimes may be below it, this container's own root,
    kernel and machine, and our user id.
    """

    host_root: Path
    sockets: tuple[str, ...] = ()
    root: Path = Path("/")
    release: str = dataclasses.field(default_factory=lambda: os.uname().release)
    machine: str = dataclasses.field(default_factory=lambda: os.uname().machine)
    uid: int = dataclasses.field(default_factory=os.geteuid)


def host_root(given: str, root: Path = Path("/")) -> str:
    """Where the host's file system is: as HOST_ROOT says, else /host if something is mounted there, else our own."""
    return given or ("/host" if (root / "host/proc/1").exists() else "/")


def check(place: Place) -> tuple[Finding, ...]:
    """Everything that is missing, what is fatal first."""
    found = [finding for look in CHECKS for finding in look(place)]
    return tuple(sorted(found, key=lambda finding: not finding.fatal))


def _kernel(place: Place) -> Iterator[Finding]:
    if place.machine != "x86_64":
        yield Finding(f"this machine is {place.machine}", "watch hosts with x86_64", fatal=True)
    version = re.match(r"(\d+)\.(\d+)", place.release)
    if version and (int(version[1]), int(version[2])) < FLOOR:
        floor = ".".join(map(str, FLOOR))
        yield Finding(f"kernel {place.release} has no BPF ring buffer", f"run {floor} or newer", fatal=True)


def _privileges(place: Place) -> Iterator[Finding]:
    if place.uid:
        yield Finding(f"user {place.uid} may not load BPF programs", "run the container as root", fatal=True)
        return
    try:
        held = int(_CAP_EFF.findall((place.root / "proc/self/status").read_text(encoding="utf-8"))[0], 16)
    except (OSError, IndexError):
        return
    if not held >> _SYS_ADMIN & 1 and not (held >> _BPF & 1 and held >> _PERFMON & 1):
        yield Finding(
            "BPF programs may not be loaded", "--privileged, --cap-add SYS_ADMIN, or BPF and PERFMON", fatal=True
        )
    if not held >> _SYS_PTRACE & 1:
        yield Finding("programs and files of other processes cannot be read", "--cap-add SYS_PTRACE")
    if not held >> _DAC_READ_SEARCH & 1:
        yield Finding("processes of other users cannot be read", "--cap-add DAC_READ_SEARCH")


def _processes(place: Place) -> Iterator[Finding]:
    proc = place.host_root / "proc"
    if not (proc / "1/stat").exists():
        mend = "-v /proc:/host/proc:ro -e HOST_ROOT=/host"
        yield Finding(f"{proc} does not show processes", mend, fatal=True)
    elif place.host_root == place.root and not _sees_the_host(place):
        yield Finding(
            "/proc shows this container's processes only", "--pid host, or -v /proc:/host/proc:ro", fatal=True
        )


def _sees_the_host(place: Place) -> bool:
    # The kernel's first namespace of process ids has a fixed number (linux/proc_ns.h, PROC_PID_INIT_INO).
    try:
        return str((place.root / "proc/self/ns/pid").readlink()) == f"pid:[{0xEFFFFFFC}]"
    except OSError:
        return True  # It cannot be told; the scan of /proc will.


def _layout(place: Place) -> Iterator[Finding]:
    places = (
        place.root / "sys/kernel/btf/vmlinux",
        place.host_root / "sys/kernel/btf/vmlinux",
        place.root / "sys/kernel/kheaders.tar.xz",
        place.host_root / f"lib/modules/{place.release}/build",
        place.host_root / f"usr/src/kernels/{place.release}",
        place.host_root / f"usr/src/linux-headers-{place.release}",
    )
    if not any(path.exists() or path.is_symlink() for path in places):
        mend = "mount /lib/modules and /usr/src below /host, with the headers of this kernel installed"
        yield Finding(f"kernel {place.release} shows neither BTF nor headers", mend)


def _runtimes(place: Place) -> Iterator[Finding]:
    if not any(any(place.host_root.glob(name.removeprefix("unix://").lstrip("/"))) for name in place.sockets):
        mend = f"mount the runtime's socket, as in -v /var/run/docker.sock:{place.host_root}/var/run/docker.sock:ro"
        yield Finding("no container runtime can be asked, so names and images stay unknown", mend)


def _accounts(place: Place) -> Iterator[Finding]:
    if not (place.host_root / "etc/passwd").is_file():
        mend = "-v /etc/passwd:/host/etc/passwd:ro -v /etc/group:/host/etc/group:ro"
        yield Finding("names of the host's users are unknown", mend)


def _volumes(place: Place) -> Iterator[Finding]:
    for name, purpose in (("var/cache/falco", "the probe is compiled at every start"),
                          ("var/lib/falco", "alerts that were not delivered are lost with the container")):  # fmt: skip
        path = place.root / name
        if not os.access(path, os.W_OK) or not path.is_mount():
            yield Finding(f"/{name} is no volume: {purpose}", f"-v falco-{path.parent.name}:/{name}")


CHECKS: tuple[Callable[[Place], Iterator[Finding]], ...] = (
    _kernel, _privileges, _processes, _layout, _runtimes, _accounts, _volumes,
)  # fmt: skip
