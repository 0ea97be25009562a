"""A control group of the workloads: what they use of the processors, whoever starts what in them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

NAME = "falco-bench"
_V1, _V2 = Path("/sys/fs/cgroup/cpuacct"), Path("/sys/fs/cgroup")


class Group:
    """For a with block: a group at the top of the hierarchy, with what begins while inside(). As root."""

    def __init__(self) -> None:
        self._v1 = _V1.is_dir()
        self._top = _V1 if self._v1 else _V2
        self._path = self._top / NAME

    def __enter__(self) -> Group:
        self._path.mkdir(exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for path in sorted(self._path.rglob("*"), reverse=True):
            if path.is_dir():
                path.rmdir()
        self._path.rmdir()

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """This process is in the group, and with it what it starts; that stays there."""
        before = self._top / self._own().lstrip("/")
        self._join(self._path)
        try:
            yield
        finally:
            self._join(before)

    def cpu_s(self) -> float:
        """What all that is in it, or was, has used (s)."""
        if self._v1:
            return int((self._path / "cpuacct.usage").read_text()) / 1e9
        rows = dict(line.split() for line in (self._path / "cpu.stat").read_text().splitlines())
        return int(rows["usage_usec"]) / 1e6

    def _own(self) -> str:
        """The path of this process's group in the hierarchy."""
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            if ("cpuacct" in controllers.split(",")) if self._v1 else number == "0":
                return path
        raise RuntimeError("this process is in no control group")

    @staticmethod
    def _join(path: Path) -> None:
        (path / "cgroup.procs").write_text(str(os.getpid()))
