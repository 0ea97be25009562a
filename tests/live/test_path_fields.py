"""However a path is given, fields show the one that the kernel found; those of calls without an fd too."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from falco.capture.live.asking import Asking
from falco.capture.live.resolver import PathResolver
from falco.events.table import CODES
from falco.fields.registry import SYSCALL_FIELDS
from falco.state.threads import ThreadInfo

if TYPE_CHECKING:
    from falco.events.event import Event

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

Act = Callable[[], object]


@pytest.fixture
def tree(tmp_path):
    """real/dir with a file, link to real, and this process in the middle of it."""
    (tmp_path / "real/dir").mkdir(parents=True)
    (tmp_path / "real/dir/file").write_text("x")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "absolute").symlink_to(tmp_path / "real")
    before = Path.cwd()
    yield tmp_path
    os.chdir(before)


@pytest.fixture
def shown(watching):
    """shown(field, code, act): what a field showed on the exits of this kind while something was done."""

    def ask(name: str, symbol: str, act: Act) -> list[object]:
        field, found = SYSCALL_FIELDS.get(name), []
        assert field is not None
        extract = field.extract
        assert extract is not None

        def look(event: Event) -> bool:
            if event.tid == os.getpid():
                event.state.apply(event)
                if event.code == CODES[symbol]:
                    found.append(extract(event))
                event.state.settle()
            return False

        own = ThreadInfo(os.getpid(), os.getpid())
        own.cwd = f"{Path.cwd()}/"
        watching.source.event.state.add_thread(own)
        watching.source.complete = PathResolver("/proc", Asking()).complete
        watching.seen(act, look)
        return found

    return ask


def in_directory(tree, passed, directory="."):
    """Open a path from another directory."""

    def act() -> None:
        os.chdir(tree / directory)
        os.close(os.open(passed, os.O_RDONLY))

    return act


def by_fchdir(tree) -> None:
    number = os.open(tree / "link/dir", os.O_DIRECTORY)
    os.fchdir(number)
    os.close(number)
    os.close(os.open("file", os.O_RDONLY))


def by_dirfd(tree) -> None:
    number = os.open(tree / "link", os.O_DIRECTORY)
    os.close(os.open("dir/file", os.O_RDONLY, dir_fd=number))
    os.close(number)


def by_fd(tree) -> None:
    number = os.open(tree / "link", os.O_DIRECTORY)
    os.close(os.open(f"/proc/self/fd/{number}/dir/file", os.O_RDONLY))
    os.close(number)


WAYS = {
    "link": lambda tree: in_directory(tree, tree / "link/dir/file"),
    "absolute link": lambda tree: in_directory(tree, tree / "absolute/dir/file"),
    "dots": lambda tree: in_directory(tree, tree / "link/dir/../../real/./dir//file"),
    "relative": lambda tree: in_directory(tree, "file", "real/dir"),
    "relative below a link": lambda tree: in_directory(tree, "../dir/file", "link/dir"),
    "fchdir": lambda tree: partial(by_fchdir, tree),
    "dirfd": lambda tree: partial(by_dirfd, tree),
    "root of self": lambda tree: in_directory(tree, f"/proc/self/root{tree}/link/dir/file"),
    "fd of self": lambda tree: partial(by_fd, tree),
    "directory of self": lambda tree: in_directory(tree, "/proc/self/cwd/dir/file", "link"),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_open(tree, shown, way):
    act = WAYS[way](tree)
    assert str(tree / "real/dir/file") in shown("fd.name", "SYSCALL_OPENAT_2_X", act)
    assert str(tree / "real/dir/file") in shown("fs.path.name", "SYSCALL_OPENAT_2_X", act)


@pytest.mark.parametrize("name", [b"new\nline", b"not \xff text", "é".encode()])
def test_odd_names(tree, shown, name):
    path = os.fsencode(tree / "real") + b"/" + name

    def act() -> None:
        os.close(os.open(os.fsencode(tree / "link") + b"/" + name, os.O_CREAT))
        (tree / "link" / os.fsdecode(name)).unlink()

    expected = [os.fsdecode(path)]
    # The resolver works in this process here, and opens the root that it looks below.
    assert [path for path in shown("fd.name", "SYSCALL_OPENAT_2_X", act) if path != "/"] == expected
    assert shown("fs.path.name", "SYSCALL_UNLINK_2_X", act) == expected


def removal(tree, passed, directory=".") -> Act:
    def act() -> None:
        (tree / "real/dir/gone").write_text("x")
        os.chdir(tree / directory)
        Path(passed).unlink()

    return act


REMOVALS = {
    "link": lambda tree: removal(tree, tree / "link/dir/gone"),
    "absolute link": lambda tree: removal(tree, tree / "absolute/dir/gone"),
    "dots": lambda tree: removal(tree, "link/dir/../dir/gone"),
    "relative": lambda tree: removal(tree, "gone", "link/dir"),
    "root of self": lambda tree: removal(tree, f"/proc/self/root{tree}/link/dir/gone"),
    "directory of self": lambda tree: removal(tree, "/proc/self/cwd/dir/gone", "link"),
}


@pytest.mark.parametrize("way", REMOVALS)
def test_a_removal(tree, shown, way):
    assert shown("fs.path.name", "SYSCALL_UNLINK_2_X", REMOVALS[way](tree)) == [str(tree / "real/dir/gone")]


def test_a_mode_is_that_of_what_a_link_leads_to(tree, shown):
    (tree / "alias").symlink_to("link/dir/file")
    assert shown("fs.path.name", "SYSCALL_CHMOD_X", lambda: (tree / "alias").chmod(0o600)) == [
        str(tree / "real/dir/file")
    ]


def test_both_ends_of_a_rename(tree, shown):
    def act() -> None:
        (tree / "link/dir/file").rename(tree / "absolute/moved")
        (tree / "real/moved").rename(tree / "real/dir/file")

    assert shown("fs.path.source", "SYSCALL_RENAME_X", act)[0] == str(tree / "real/dir/file")
    assert shown("fs.path.target", "SYSCALL_RENAME_X", act)[0] == str(tree / "real/moved")


def test_an_fd_from_before_is_known(tree, shown):
    number = os.open(tree / "link/dir/file", os.O_RDONLY)
    for name in ("fd.name", "fs.path.name"):
        assert shown(name, "SYSCALL_FCHMOD_X", lambda: os.fchmod(number, 0o600)) == [str(tree / "real/dir/file")]
    os.close(number)
