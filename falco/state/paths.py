"""Paths as libsinsp resolves them: textual, without looking at any file system (sinsp_utils::concatenate_paths)."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.state.threads import ThreadInfo

AT_FDCWD = -100
UNKNOWN_BASE = "<UNKNOWN>"
MAX_PATH = 1024
MAX_LINKS = 40
"""Links followed in one path, as the kernel does (MAXSYMLINKS)."""
PATH_TOO_LONG = "/PATH_TOO_LONG"
_ODD = re.compile(r"//|/\.|^\.|/$|[\x00-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def join(base: str, path: str) -> str:
    """Path seen from base: `.`, `..` and repeated slashes of path resolved, no trailing slash except for the root.

    An absolute path ignores base; base is taken as it is. Control characters become dots. Unlike libsinsp this takes
    only whole components for `.` and `..` (not the end of `foo..`), and leaves what is not ASCII as it is.
    """
    if len(path) + (0 if path.startswith("/") else len(base)) + 1 > MAX_PATH:
        return PATH_TOO_LONG  # Before anything of it is kept.
    return _join(base, path)


@functools.lru_cache(maxsize=8192)
def _join(base: str, path: str) -> str:
    absolute = path.startswith("/")
    if path and not _ODD.search(path):
        return path if absolute else base + path
    done = "/" if absolute else base
    for component in _CONTROL.sub(".", path).split("/"):
        if component == "..":
            done = done[: done.rstrip("/").rfind("/") + 1] or ("/" if done.startswith("/") else "")
        elif component not in ("", "."):
            done += component + "/"
    return done[:-1] if len(done) > 1 and done.endswith("/") else done


def base_directory(thread: ThreadInfo, dirfd: int, path: str) -> str:
    """Where a path given with dirfd starts: "" for absolute ones, the cwd, the directory's name, or `<UNKNOWN>`."""
    if path.startswith("/"):
        return ""
    if dirfd == AT_FDCWD:
        return thread.main.cwd
    fd = thread.main.fds.get(dirfd)
    return UNKNOWN_BASE if fd is None else directory(fd.name)


def below(base: str, path: str) -> str:
    """A passed path below the directory that the kernel says it starts at: an absolute one's is the process's root.

    Only `.`, `..` and repeated slashes of path are resolved. Unlike join() this keeps every character as it is, as
    base does, and any length.
    """
    if path and not _ODD.search(path) and (base == "/" or (base.startswith("/") and not _ODD.search(base))):
        return f"{base.rstrip('/')}/{path.lstrip('/')}"
    done = [part for part in base.split("/") if part]
    floor = len(done) if path.startswith("/") else 0
    for part in path.split("/"):
        if part == "..":
            del done[max(len(done) - 1, floor) :]
        elif part not in ("", "."):
            done.append(part)
    return "/" + "/".join(done)


def follow(base: str, path: str, root: str, link: Callable[[str], str | None], last: bool) -> str | None:
    """A passed path below base as a kernel walks it: link gives where a path's last component leads if it is a link.

    An absolute path and an absolute link start at root, which `..` does not leave. The last component is followed if
    last says so, or the path ends in a slash. None where there are more than MAX_LINKS links.
    """
    waiting, done, links = path.split("/")[::-1], root if path.startswith("/") else base, 0
    last = last or path.endswith("/")
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            done = done if done == root else done.rpartition("/")[0] or "/"
            continue
        here = f"{done.rstrip('/')}/{part}"
        target = link(here) if last or any(waiting) else None
        if target is None:
            done = here
            continue
        links += 1
        if links > MAX_LINKS:
            return None
        done = root if target.startswith("/") else done
        waiting += target.split("/")[::-1]
    return done


def directory(name: str) -> str:
    """A directory's name with its final slash."""
    return name if name.endswith("/") else name + "/"
