"""Where paths lead on a host, seen through the directory that its root is mounted at."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.fields.path_tables import FileId

MAX_LINKS = 40
"""Links followed in one path, as the kernel does (MAXSYMLINKS)."""
_DEVICE_BITS = 0xFFFFFFFF
_UNREADABLE = (OSError, ValueError)
"""What the host or an odd path (too long, with a NUL) may answer with."""


class HostLinks:
    """Resolves paths. What it has seen of links it remembers, so that a later look needs another one."""

    def __init__(self, host_root: str) -> None:
        self._root = host_root.rstrip("/")
        self._links: dict[str, str | None] = {}

    def resolve(self, path: str) -> str | None:
        """The path without links, `.` and `..`; None if its links go round in circles.

        Absolute links and `..` stay inside the root. What does not exist is kept as it is behind what does.
        """
        waiting, done, links = path.split("/")[::-1], "", 0
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            target = self._link(f"{done}/{part}")
            if target is None:
                done = f"{done}/{part}"
                continue
            links += 1
            if links > MAX_LINKS:
                return None
            done = "" if target.startswith("/") else done
            waiting += target.split("/")[::-1]
        return done or "/"

    def identify(self, path: str) -> os.stat_result | None:
        """What a resolved path is; None for a directory, and where there is nothing."""
        try:
            found = os.lstat(self._root + path)
        except _UNREADABLE:
            return None
        return None if stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode) else found

    def file_ids(self, path: str, found: os.stat_result) -> tuple[FileId, ...]:
        """The numbers by which the kernel may know a file. btrfs and overlayfs tell stat(2) of devices of their own."""
        ids = [(found.st_dev & _DEVICE_BITS, found.st_ino)]
        if not os.major(found.st_dev):
            device = self._device_of_mount(path)
            if device is not None and device != ids[0][0]:
                ids.append((device, found.st_ino))
        return tuple(ids)

    def _link(self, path: str) -> str | None:
        """Where a link leads, None if there is no link."""
        if path in self._links:
            return self._links[path]
        target = None
        # Links below /proc lead elsewhere for each process.
        if not path.startswith("/proc/"):
            with contextlib.suppress(*_UNREADABLE):
                target = os.readlink(self._root + path)  # noqa: PTH115 - Path would tidy the path up
        self._links[path] = target
        return target

    def _device_of_mount(self, path: str) -> int | None:
        """The device of the file system that a path's mount shows, from /proc/self/mountinfo."""
        try:
            descriptor = os.open(self._root + path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                mount = _value("mnt_id:", f"/proc/self/fdinfo/{descriptor}")
            finally:
                os.close(descriptor)
            return _device_of(mount)
        except _UNREADABLE:
            return None


def _value(key: str, path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as lines:  # noqa: PTH123
        return next((line.split()[1] for line in lines if line.startswith(key)), "")


def _device_of(mount: str) -> int | None:
    """The device of a mount id; lines are `id parent major:minor …` (proc(5))."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as lines:  # noqa: PTH123
        for line in lines:
            number, _, device, _ = line.split(" ", 3)
            if number == mount:
                major, minor = device.split(":")
                return os.makedev(int(major), int(minor)) & _DEVICE_BITS
    return None
