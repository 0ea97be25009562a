"""Workloads of developers: a tree that is compiled, and work in git."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.bench.workload import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.workload import Again

SOURCES = 120
"""C files of the tree that is built; each includes what programs usually do."""
_HEADERS = ("stdio", "stdlib", "string", "errno", "unistd", "sys/socket", "netinet/in", "time", "pthread", "signal")
_FILES, _COMMITS = 400, 40


@contextlib.contextmanager
def build(folder: Path) -> Iterator[Again]:
    """make and gcc over a tree of C files."""
    includes = "".join(f"#include <{name}.h>\n" for name in _HEADERS)
    names = [f"part{number}" for number in range(SOURCES)]
    for name in names:
        (folder / f"{name}.h").write_text(f"int {name}(int);\n")
        (folder / f"{name}.c").write_text(f'{includes}#include "{name}.h"\nint {name}(int n) {{ return n + 1; }}\n')
    calls = "".join(f"  n = {name}(n);\n" for name in names)
    headers = "".join(f'#include "{name}.h"\n' for name in names)
    (folder / "main.c").write_text(f"{headers}int main(void) {{\n  int n = 0;\n{calls}  return n != {SOURCES};\n}}\n")
    objects = " ".join(f"{name}.o" for name in (*names, "main"))
    (folder / "Makefile").write_text(f"program: {objects}\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -O1 -Wall -c -o $@ $<\n")

    def again() -> None:
        for path in (*folder.glob("*.o"), folder / "program"):
            path.unlink(missing_ok=True)
        run("make", "-j2", cwd=folder)

    yield again


@contextlib.contextmanager
def git(folder: Path) -> Iterator[Again]:
    """Commits, a clone, its checkouts."""
    origin, clone = folder / "origin", folder / "clone"

    def again() -> None:
        for old in (origin, clone):
            shutil.rmtree(old, ignore_errors=True)
        origin.mkdir()
        run("git", "init", "-q", cwd=origin)
        for name, value in (("user.name", "a"), ("user.email", "a@localhost"), ("gc.auto", "0")):
            run("git", "config", name, value, cwd=origin)
        for number in range(_FILES):
            (origin / f"file{number}").write_text(f"{number}\n" * 50)
        for number in range(_COMMITS):
            (origin / f"file{number}").write_text(f"{number} again\n")
            run("git", "add", "-A", cwd=origin)
            run("git", "commit", "-q", "-m", str(number), cwd=origin)
        run("git", "clone", "-q", "--no-local", origin, clone)
        for back in ("HEAD~20", "HEAD~10", "HEAD~5"):
            run("git", "checkout", "-q", back, cwd=clone)
        run("git", "status", cwd=clone)
        run("git", "log", "--stat", cwd=clone)

    yield again
