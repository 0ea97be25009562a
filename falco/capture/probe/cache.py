"""Keeps compiled probes, so that only the first start on a kernel compiles.

What lies here is loaded into the kernel, so the cache believes nobody but its owner: each directory on the way is
opened from its parent without following links, and must be the owner's and not writable by others; so must the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from falco.capture.probe.object import LARGEST, ObjectError, ProbeObject
from falco.errors import FalcoError

DIRECTORY = Path("/var/cache/falco")
KEPT = 8
"""Probes that are kept: of this kernel and of earlier ones, and for several rule sets. The oldest go first."""
_SUFFIX = ".probe"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NOTE = struct.Struct("=III")
_BUILD_ID = (3, b"GNU\0")


class CacheError(FalcoError):
    """The directory or a file in it is not to be trusted, or cannot be used; the message says which and why."""


def cache_key(*parts: str | bytes) -> str:
    """A name for what was made of these parts, in hexadecimal; no two lists of parts share one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(struct.pack("<Q", len(data)))
        digest.update(data)
    return digest.hexdigest()


def kernel_build_id(notes: bytes) -> str:
    """The build id out of /sys/kernel/notes (ELF notes), in hexadecimal; empty where there is none."""
    at = 0
    while at + _NOTE.size <= len(notes):
        name_size, size, kind = _NOTE.unpack_from(notes, at)
        name = at + _NOTE.size
        content = name + (name_size + 3 & ~3)
        if content + size > len(notes):
            break
        if (kind, notes[name : name + name_size]) == _BUILD_ID:
            return notes[content : content + size].hex()
        at = content + (size + 3 & ~3)
    return ""


class Cache:
    """Compiled probes in a directory, which is made (0700) when the first one is stored.

    owner is whose everything has to be. The path is walked from start, whose own parents are not looked at. Raises
    CacheError when directory does not lie below start.
    """

    def __init__(self, directory: Path = DIRECTORY, *, owner: int = 0, start: Path = Path("/")) -> None:
        if not directory.is_relative_to(start):
            raise CacheError(f"{directory}: the cache's directory is no absolute path")
        self._path, self._owner, self._start = directory, owner, start

    def load(self, key: str) -> ProbeObject | None:
        """The probe of this key, None if there is none. Raises CacheError for one that is not to be used."""
        place = self._path / (key + _SUFFIX)
        try:
            with self._directory(make=False) as directory:
                data = self._read(directory, place)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CacheError(f"{place}: {error.strerror}") from None
        try:
            probe = ProbeObject.from_bytes(data)
        except ObjectError as error:
            raise CacheError(f"{place}: {error}") from None
        if probe.meta.get("key") != key:
            raise CacheError(f"{place}: it was made for something else")
        return probe

    def store(self, key: str, probe: ProbeObject) -> None:
        """Write a probe whose meta has its key, whole or not at all, and remove the oldest. Raises CacheError."""
        name, data = key + _SUFFIX, probe.to_bytes()
        try:
            with self._directory(make=True) as directory:
                _write(directory, name, data)
                _prune(directory, name)
        except OSError as error:
            raise CacheError(f"{self._path / name}: {error.strerror}") from None

    @contextlib.contextmanager
    def _directory(self, *, make: bool) -> Iterator[int]:
        """The directory's descriptor. Raises OSError or CacheError."""
        path = self._start
        fd = os.open(path, _READ | os.O_DIRECTORY)
        try:
            self._trust(fd, path)
            for part in self._path.relative_to(self._start).parts:
                path /= part
                inner = _open_in(fd, part, make=make)
                os.close(fd)
                fd = inner
                self._trust(fd, path)
            yield fd
        finally:
            os.close(fd)

    def _read(self, directory: int, place: Path) -> bytes:
        # O_NONBLOCK: opening a FIFO that somebody put there must not wait for its writer.
        fd = os.open(place.name, _READ | os.O_NONBLOCK, dir_fd=directory)
        with os.fdopen(fd, "rb") as file:
            info = self._trust(fd, place)
            if not stat.S_ISREG(info.st_mode):
                raise CacheError(f"{place}: it is no file")
            if info.st_size > LARGEST:
                raise CacheError(f"{place}: it is too large for a probe")
            return file.read(LARGEST + 1)

    def _trust(self, fd: int, path: Path) -> os.stat_result:
        info = os.fstat(fd)
        if info.st_uid != self._owner:
            raise CacheError(f"{path}: it belongs to user {info.st_uid}, not {self._owner}")
        if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise CacheError(f"{path}: others may write to it (mode {stat.S_IMODE(info.st_mode):04o})")
        return info


def _open_in(parent: int, name: str, *, make: bool) -> int:
    """Open a directory in another one, making it if need be."""
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
    return os.open(name, _READ | os.O_DIRECTORY, dir_fd=parent)


def _write(directory: int, name: str, data: bytes) -> None:
    temporary = f"{name}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=directory)  # of a process of this number that was killed
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(temporary, flags, 0o600, dir_fd=directory)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        os.unlink(temporary, dir_fd=directory)
        raise


def _prune(directory: int, newest: str) -> None:
    """Remove all but the newest probes, and what was left half written."""
    ages = []
    for name in os.listdir(directory):
        if _SUFFIX in name and name != newest:
            with contextlib.suppress(OSError):  # another process may remove it at the same time
                ages.append((os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime_ns, name))
    for _, name in sorted(ages, reverse=True)[KEPT - 1 :]:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=directory)
