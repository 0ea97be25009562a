"""What a workload is: something that machines do all day, done for figures about watching them."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

PATIENCE_S = 60
"""How long servers may take to answer, and to end."""
_POSTGRES = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))[-1:]
PATH = os.pathsep.join((*_POSTGRES, os.environ["PATH"], "/usr/sbin"))
Again = Callable[[], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Workload:
    """around prepares it in a directory and gives what runs it once; what it needs beside that is undone at the end.

    aim is how many percent of all calls are to be delivered at the most, None if nothing is said of it.
    """

    name: str
    around: Callable[[Path], AbstractContextManager[Again]]
    programs: tuple[str, ...]
    aim: float | None = None

    @property
    def lacks(self) -> str:
        """A program that it needs and this machine has not, empty if all are there."""
        return next((program for program in self.programs if shutil.which(program, path=PATH) is None), "")


def run(*command: str | Path, cwd: Path | None = None, user: str = "", env: Mapping[str, str] | None = None) -> None:
    """Run a program to its end, as another user if one is named; RuntimeError with what it said if it fails."""
    environment = {**os.environ, "PATH": PATH, "LC_ALL": "C", "HOME": str(cwd or "/"), **(env or {})}
    done = subprocess.run(
        command, check=False, cwd=cwd, env=environment, user=user or None, group=user or None,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")


def wait_for(answer: Callable[[], object]) -> None:
    """Wait until a question is answered without an error of the system's."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            answer()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def place_of(name: str, folder: Path) -> Path:
    """The directory of a workload where all are prepared below another. Sockets are in some: it is short."""
    return folder / name.replace(" ", "-").replace(",", "")


def watchable(part: str) -> bool:
    """Whether this machine can be watched and counted; says so if not."""
    if os.geteuid() == 0 and shutil.which("perf") is not None:
        return True
    print(f"\n{part}: not without root and perf")
    return False


@contextmanager
def prepared(workloads: tuple[Workload, ...], folder: Path) -> Iterator[dict[Workload, Again]]:
    """All of them made ready below a directory, each run once; those that this machine cannot do are named."""
    ready = {}
    with ExitStack() as stack:
        for workload in workloads:
            if workload.lacks:
                print(f"  {workload.name}: this machine has no {workload.lacks}")
                continue
            place = place_of(workload.name, folder)
            place.mkdir()
            ready[workload] = stack.enter_context(workload.around(place))
            ready[workload]()
        yield ready
