"""Where an action acts: a directory of its own, programs under other names, and what has to be undone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from falco_event_generator.calls import CLONE_NEWNET, call, give_loopback

NAME = "falco-event-generator"
PYTHON = Path(sys.executable).resolve()
CONTAINER = "fa1c0" * 12 + "0eee"
"""Id of the container that processes imitate: 64 hexadecimal digits."""
_CGROUPS = Path("/sys/fs/cgroup")


class Scene:
    """For a with block. What is handed to undo() is done at its end, the last first, whatever went wrong."""

    def __init__(self) -> None:
        self._undo = contextlib.ExitStack()
        self.place = Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
        self._undo.callback(shutil.rmtree, self.place, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def undo(self, act: Callable[..., object], *arguments: object) -> None:
        """Have this done at the end; that there is nothing left to undo is fine."""

        def quietly() -> None:
            with contextlib.suppress(OSError):
                act(*arguments)

        self._undo.callback(quietly)

    def directory(self, path: Path) -> Path:
        """A directory, made if it is not there; then it is removed, and those above it that had to be made too."""
        if not path.is_dir():
            self.directory(path.parent)
            path.mkdir()
            self.undo(path.rmdir)
        return path

    def write(self, path: Path, text: str = "made by falco-event-generator\n") -> Path:
        """A new file, which is removed at the end. FileExistsError rather than touch one that is there."""
        self.directory(path.parent)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        self.undo(path.unlink)
        return path

    def program(self, name: str, real: Path = Path("/bin/true")) -> Path:
        """A program under another name: a link to it."""
        link = self.place / name
        if not link.is_symlink():
            link.symlink_to(real.resolve())
        return link

    def run(self, argv: Sequence[object], env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL) -> str:
        """Run a program to its end, silently; its command line as alerts show it."""
        words = [str(word) for word in argv]
        subprocess.run(words, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False, env={"PATH": os.environ.get("PATH", os.defpath), **(env or {})})  # fmt: skip
        return " ".join([Path(words[0]).name, *words[1:]])

    def script(self, name: str, code: str, env: Mapping[str, str] | None = None) -> str:
        """Run Python code in a process of this name."""
        return self.run([self.program(name, PYTHON), "-IS", "-c", code], env)

    def child(self, act: Callable[[], object]) -> None:
        """Do something in a child process. ChildProcessError if it goes wrong there."""
        pid = os.fork()
        if not pid:
            status = 1
            try:
                act()
                status = 0
            except BaseException:  # noqa: BLE001 - the child must not run on into its parent's code
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
            raise ChildProcessError(f"{getattr(act, '__name__', act)} went wrong in its process")

    def with_addresses(self, addresses: Sequence[str], act: Callable[[], object]) -> None:
        """Do something in a child whose network is a loopback interface of its own with these IPv4 addresses."""

        def there() -> None:
            call("unshare", CLONE_NEWNET)
            give_loopback(*addresses)
            act()

        self.child(there)

    def in_container(self, act: Callable[[], object]) -> None:
        """Do something in a child that looks as if Docker had put it into a container: by its cgroups.

        Programs count as the container's from their start, so what has to look like one is run there.
        """
        with self.container() as group:

            def inside() -> None:
                (group / "cgroup.procs").write_text(str(os.getpid()))
                act()

            self.child(inside)

    @contextlib.contextmanager
    def container(self) -> Iterator[Path]:
        """A cgroup as Docker makes one for a container."""
        hierarchies = [_CGROUPS / name for name in ("pids", "cpu", "memory") if (_CGROUPS / name / "tasks").exists()]
        if not hierarchies and (_CGROUPS / "cgroup.controllers").exists():
            hierarchies = [_CGROUPS]
        if not hierarchies:
            raise FileNotFoundError("no cgroup hierarchy to imitate a container in")
        # This may be a child, whose undo() nobody would heed: what is made here is removed here.
        docker = hierarchies[0] / "docker"
        made = [path for path in (docker, docker / CONTAINER) if not path.is_dir()]
        for path in made:
            path.mkdir()
        try:
            yield docker / CONTAINER
        finally:
            for path in reversed(made):
                with contextlib.suppress(OSError):
                    path.rmdir()
