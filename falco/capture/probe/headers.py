"""Finds kernel headers that belong to the kernel of the host, or says of each place why it does not do.

Everything is looked for under host_root, where a container sees the host's file system; an absolute link there means a
path of the host. Nothing is written there.
"""

from __future__ import annotations

import dataclasses
import lzma
import os
import re
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MATCHING, ARCHIVE, BTF = "kernel headers", "kheaders archive", "BTF"
"""The kinds of sources, in the order in which they are tried."""
ABSENT = "it does not exist"
"""The reason against a place that is not there."""
_MOST_LINKS = 40
_RELEASE = re.compile(r'^#define\s+UTS_RELEASE\s+"([^"\n]*)"', re.MULTILINE)
_LARGEST_ARCHIVE, _MOST_ENTRIES = 512 << 20, 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """Where the compiler finds headers: a directory with include/ and arch/, and flags for directories beside it."""

    directory: Path
    cflags: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """A place where headers were looked for: usable as tree, or not for this reason."""

    kind: str
    place: str
    tree: Tree | None = None
    reason: str = ""


def find_headers(host_root: Path, release: str, scratch: Path, system: Path = Path("/sys")) -> Iterator[Attempt]:
    """Look in one place after the other, the next one only when asked for it.

    scratch is an empty directory of ours that an archive may be unpacked into, system is where sysfs is.
    """
    yield from _installed(host_root, release)
    yield from _archived((system, host_root / "sys"), release, scratch)


def _installed(host_root: Path, release: str) -> Iterator[Attempt]:
    seen: dict[Path, str] = {}
    for name in (
        f"lib/modules/{release}/build",
        f"lib/modules/{release}/source",
        f"usr/lib/modules/{release}/build",
        f"usr/src/linux-headers-{release}",
        f"usr/src/kernels/{release}",
        f"usr/src/linux-{release}",
        "usr/src/linux",
    ):
        try:
            place = resolve(host_root, name)
            if place in seen:
                continue  # another name of a tree that has been looked at
            seen[place] = name
            tree = _tree(host_root, place, release)
        except OSError as error:
            yield Attempt(MATCHING, "/" + name, reason=_reason(error))
        else:
            yield Attempt(MATCHING, "/" + name, tree)


def _tree(host_root: Path, build: Path, release: str) -> Tree:
    """The tree of a build directory. Distributions keep what all builds have in common in a second one."""
    _require_release(build, release)
    for source in (build, *_sources(host_root, build, release)):
        if (source / "include/linux/kconfig.h").is_file():
            own = ("arch/x86/include/generated", "arch/x86/include/generated/uapi", "include", "include/generated/uapi")
            return Tree(source, () if source == build else tuple(f"-I{build / name}" for name in own))
    raise OSError("include/linux/kconfig.h is missing there")


def _require_release(build: Path, release: str) -> None:
    header, info = build / "include/generated/utsrelease.h", build.stat()
    if not stat.S_ISDIR(info.st_mode):
        raise OSError("it is no directory")
    # Whoever writes these headers writes what the kernel runs.
    if info.st_uid not in (0, os.geteuid()) or info.st_mode & stat.S_IWOTH:
        raise OSError("it belongs to another user, or anybody may write to it")
    try:
        with header.open(encoding="utf-8", errors="replace") as lines:
            found = _RELEASE.search(lines.read(4096))
    except FileNotFoundError:
        raise OSError("include/generated/utsrelease.h is missing there, so it is no built tree") from None
    if not found or found[1] != release:
        raise OSError(f"it is for kernel {found[1]!r}, not {release!r}" if found else "it names no release")


def _sources(host_root: Path, build: Path, release: str) -> Iterator[Path]:
    """Where the common part may be: at the link `source`, or where the Makefile of the build directory includes it."""
    for name in (build / "source", host_root / "lib/modules" / release / "source"):
        try:
            yield resolve(host_root, str(name.relative_to(host_root)))
        except OSError:
            continue  # there is no such link here
    try:
        with (build / "Makefile").open(encoding="utf-8", errors="replace") as lines:
            for found in re.finditer(r"^include\s+(/\S+)/Makefile\s*$", lines.read(65536), re.MULTILINE):
                yield resolve(host_root, found[1])
    except OSError:
        return


def _archived(systems: tuple[Path, ...], release: str, scratch: Path) -> Iterator[Attempt]:
    for system in dict.fromkeys(systems):
        archive = system / "kernel/kheaders.tar.xz"
        directory = scratch / f"kheaders-{len(list(scratch.iterdir()))}"
        try:
            unpack(archive, directory)
            _require_release(directory, release)
        except (OSError, tarfile.TarError, lzma.LZMAError, EOFError) as error:
            yield Attempt(ARCHIVE, str(archive), reason=_reason(error))
        else:
            yield Attempt(ARCHIVE, str(archive), Tree(directory))


def unpack(archive: Path, directory: Path) -> None:
    """Unpack regular files of a .tar.xz into a new directory, whatever else is in it.

    Raises OSError, TarError, LZMAError or EOFError.
    """
    left, entries = _LARGEST_ARCHIVE, 0
    with tarfile.open(archive, "r|xz") as members:
        directory.mkdir(mode=0o700)
        for member in members:
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts:
                raise OSError(f"the archive holds the path {member.name!r:.80}")
            left, entries = left - member.size, entries + 1
            if left < 0 or entries > _MOST_ENTRIES:
                raise OSError("the archive is too large for kernel headers")
            if member.isreg():
                path = directory / name
                path.parent.mkdir(parents=True, exist_ok=True)
                content = members.extractfile(member)
                assert content is not None
                path.write_bytes(content.read())


def resolve(host_root: Path, name: str) -> Path:
    """The real path of a name under host_root, in which links mean what they mean to the host. Raises OSError."""
    parts, at, links = list(reversed(PurePosixPath(name).parts)), host_root, 0
    while parts:
        part = parts.pop()
        if part == "/":
            at = host_root
        elif part == "..":
            at = at.parent if at != host_root else at
        elif (at / part).is_symlink():
            links += 1
            if links > _MOST_LINKS:
                raise OSError("too many links")
            parts += reversed((at / part).readlink().parts)
        else:
            at /= part
            at.lstat()
    return at


def _reason(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return ABSENT
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
