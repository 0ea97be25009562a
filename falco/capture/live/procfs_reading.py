"""Files of one process in /proc, read through its directory, so that no read meets another process of the same id."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

_GONE = frozenset((errno.ENOENT, errno.ESRCH, errno.ENOTDIR))
MAX_FILE = 64 << 20
"""Bytes read of any file: the sockets of a namespace can be many."""
_CHUNK = 1 << 16
START = 8192
_STATX = ctypes.CDLL(None).statx
_DONT_SYNC, _BASIC_STATS = 0x4000, 0x7FF
"""statx(2): what is known of the file here must do, as a file system in user space may never answer."""
_STATX_SIZE, _STATX_FIELDS = 256, struct.Struct("=16xI8xH2xQ96xII")
"""struct statx of linux/stat.h, of it the number of links, mode, inode, and the device's major and minor number."""


class Unread:
    """What could not be read though it was there: how often, by the name of the file.

    too_many are sockets and network namespaces beyond what is kept of them.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.too_many = 0

    def note(self, name: str, error: OSError) -> None:
        """Count a failure, unless the process had only gone."""
        if error.errno not in _GONE:
            self.counts[name.partition("/")[0]] += 1

    def message(self) -> str:
        """All of it in one sentence, '' if there is nothing to tell."""
        told = [f"{name} refused {count} times" for name, count in sorted(self.counts.items())]
        if self.too_many:
            told.append(f"{self.too_many} sockets too many")
        return f"Not all of /proc could be read: {', '.join(told)}" if told else ""


class Target(NamedTuple):
    """The mode, number of links, inode and device of a file; the device as events have it: minor bits 0 to 7, major
    above, the rest of the minor above that.
    """

    mode: int
    links: int
    inode: int
    device: int


class Directory:
    """An open directory of a process or thread. Reads give b'' or '' for what is gone or refused."""

    __slots__ = ("_unread", "fd", "path")

    def __init__(self, path: str, unread: Unread) -> None:
        """Raises OSError when there is no such directory."""
        self.path, self._unread = path, unread
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Give the directory back."""
        os.close(self.fd)

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """A file's bytes, up to limit."""
        return self._opened(name, lambda fd: _all(fd, limit))

    def start(self, name: str) -> bytes:
        """The first START bytes of a file, or what the kernel gives of them in one go."""
        return self._opened(name, _first)

    def _opened(self, name: str, take: Callable[[int], bytes]) -> bytes:
        try:
            fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.fd)
        except OSError as error:
            self._unread.note(name, error)
            return b""
        try:
            return take(fd)
        except OSError as error:
            self._unread.note(name, error)
            return b""
        finally:
            os.close(fd)

    def read_small(self, name: str) -> bytes:
        """A whole file that the kernel gives in one go, and that is shorter than START as a rule."""
        found = self.start(name)
        return found if len(found) < START else self.read(name)

    def link(self, name: str) -> str:
        """Where a link points to."""
        try:
            return os.readlink(name, dir_fd=self.fd)
        except OSError as error:
            self._unread.note(name, error)
            return ""

    def target(self, name: str) -> Target | None:
        """What a link leads to, as far as the kernel knows it without asking a server of files."""
        found = ctypes.create_string_buffer(_STATX_SIZE)
        if _STATX(self.fd, os.fsencode(name), _DONT_SYNC, _BASIC_STATS, found):
            return None
        links, mode, inode, major, minor = _STATX_FIELDS.unpack_from(found)
        return Target(mode, links, inode, (minor & 0xFF) | major << 8 | (minor >> 8) << 20)

    def names(self, name: str) -> list[str]:
        """The entries of a directory."""
        try:
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.fd)
        except OSError as error:
            self._unread.note(name, error)
            return []
        try:
            return os.listdir(fd)  # noqa: PTH208 pathlib lists no open directory.
        except OSError as error:
            self._unread.note(name, error)
            return []
        finally:
            os.close(fd)


def _first(fd: int) -> bytes:
    return os.read(fd, START)


def _all(fd: int, limit: int) -> bytes:
    """Everything up to limit; a short file takes one read, and one that finds its end."""
    chunk = os.read(fd, min(_CHUNK, limit))
    found = chunk
    parts = [chunk]
    size = len(found)
    while chunk and size < limit:
        chunk = os.read(fd, min(_CHUNK, limit - size))
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts)


@contextmanager
def directory(path: str, unread: Unread) -> Iterator[Directory | None]:
    """A directory for a with block, None if it is gone."""
    try:
        found = Directory(path, unread)
    except OSError as error:
        unread.note("directory", error)
        yield None
        return
    try:
        yield found
    finally:
        found.close()


def undeleted(name: str, target: Target | None) -> str:
    """A link's text without the mark that the kernel puts behind a name that is no more.

    A file may also be called that; it then has a name, and hence a link.
    """
    if name.endswith(" (deleted)") and (target is None or not target.links):
        return name[: -len(" (deleted)")]
    return name
