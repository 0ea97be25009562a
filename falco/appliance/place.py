"""The directory of a running container's rendered files: in memory, for its owner only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from falco.errors import FalcoError

CANDIDATES = (Path("/run/falco"), Path("/dev/shm/falco"))
"""/run is often a tmpfs of the user's; engines give every container a tmpfs at /dev/shm, also with --read-only."""
FALCO_YAML, SUPERVISORD_CONF, DETECTOR = "falco.yaml", "supervisord.conf", "detector.json"
"""What the entry point renders there: the configuration, what runs, and how the detector is called."""
NEXT = "falco.yaml.next"
"""The configuration before it is known to be good."""
PID, OUTCOME, HEALTH = "detector.pid", "outcome.json", "health.json"
"""What is noted there while the container runs."""
_MOUNTS = Path("/proc/self/mounts")


def make(candidates: Iterable[Path] = CANDIDATES, mounts: Path = _MOUNTS) -> Path:
    """A directory of ours, on a tmpfs if one can be had. FalcoError."""
    in_memory = _tmpfs(mounts)
    ordered = sorted(candidates, key=lambda path: in_memory.isdisjoint((str(path), str(path.parent))))
    reasons = []
    for path in ordered:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _require_ours(path)
        except OSError as error:
            reasons.append(f"{path}: {error.strerror or error}")
        else:
            return path
    raise FalcoError(f"nowhere to put the configuration in force ({', '.join(reasons)}): mount a tmpfs at /run")


def find(candidates: Iterable[Path] = CANDIDATES) -> Path | None:
    """The directory that make() gave the container's first process."""
    return next((path for path in candidates if (path / FALCO_YAML).is_file()), None)


def _require_ours(path: Path) -> None:
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid():
        raise OSError("it belongs to somebody else")
    path.chmod(0o700)
    if not os.access(path, os.W_OK):
        raise OSError("it cannot be written")


def _tmpfs(mounts: Path) -> frozenset[str]:
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(words[1] for words in map(str.split, lines) if len(words) > 2 and words[2] == "tmpfs")
