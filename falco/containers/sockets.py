"""Where engines listen, and which of them this program asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from falco.containers.cri import CriEngine
from falco.containers.docker import DockerEngine
from falco.state.engines import DOCKER, PODMAN

if TYPE_CHECKING:
    from falco.containers.engine import Engine


def engines(host_root: str, docker: Iterable[str], podman: Iterable[str], cri: Iterable[str]) -> list[Engine]:
    """An engine for each socket, which need not exist yet; paths are those of the host."""
    found: list[Engine] = []
    for paths, make in (
        (docker, lambda path: DockerEngine(path, DOCKER)),
        (podman, lambda path: DockerEngine(path, PODMAN)),
        (cri, CriEngine),
    ):
        found += map(make, _under(host_root, paths))
    return found


def _under(host_root: str, paths: Iterable[str]) -> Sequence[str]:
    """The paths below host_root, patterns by what is there now; a socket that has two names is asked once."""
    root = host_root.rstrip("/")
    names: list[str] = []
    for path in paths:
        here = root + path.removeprefix("unix://")
        names += sorted(map(str, Path("/").glob(here.lstrip("/")))) if "*" in path else [here]
    by_file = {str(Path(name).resolve()): name for name in reversed(names)}
    return [name for name in names if name in by_file.values()]
