"""Which parameters of an event are the paths that its call was given, and the role that each plays.

The roles are those of the kernel's prototypes, as the facts (facts.py) use them: s and t are what a call's manual page
calls old and new. Only exits whose call acts on the path are listed, not those that only look.
"""

from __future__ import annotations

import dataclasses

from falco.events.facts import NAMED, SOURCE, TARGET
from falco.events.table import CODES, EVENT_TABLE


@dataclasses.dataclass(frozen=True, slots=True)
class PathParam:
    """Where a path stands, and the directory's fd that it is relative to; None where that is the working directory."""

    role: int
    name: int
    dirfd: int | None


_ROWS: dict[str, tuple[tuple[int, str, str], ...]] = {
    "SYSCALL_OPEN_X": ((NAMED, "name", ""),),
    "SYSCALL_CREAT_X": ((NAMED, "name", ""),),
    "SYSCALL_OPENAT_2_X": ((NAMED, "name", "dirfd"),),
    "SYSCALL_OPENAT2_X": ((NAMED, "name", "dirfd"),),
    "SYSCALL_MKDIR_2_X": ((NAMED, "path", ""),),
    "SYSCALL_MKDIRAT_X": ((NAMED, "path", "dirfd"),),
    "SYSCALL_RMDIR_2_X": ((NAMED, "path", ""),),
    "SYSCALL_UNLINK_2_X": ((NAMED, "path", ""),),
    "SYSCALL_UNLINKAT_2_X": ((NAMED, "name", "dirfd"),),
    "SYSCALL_MKNOD_X": ((NAMED, "path", ""),),
    "SYSCALL_MKNODAT_X": ((NAMED, "path", "dirfd"),),
    "SYSCALL_CHMOD_X": ((NAMED, "filename", ""),),
    "SYSCALL_FCHMODAT_X": ((NAMED, "filename", "dirfd"),),
    "SYSCALL_CHOWN_X": ((NAMED, "path", ""),),
    "SYSCALL_LCHOWN_X": ((NAMED, "path", ""),),
    "SYSCALL_FCHOWNAT_X": ((NAMED, "pathname", "dirfd"),),
    "SYSCALL_UMOUNT_X": ((NAMED, "name", ""),),
    "SYSCALL_UMOUNT_1_X": ((NAMED, "name", ""),),
    "SYSCALL_UMOUNT2_X": ((NAMED, "name", ""),),
    "SYSCALL_CHROOT_X": ((NAMED, "path", ""),),
    "SYSCALL_RENAME_X": ((SOURCE, "oldpath", ""), (TARGET, "newpath", "")),
    "SYSCALL_RENAMEAT_X": ((SOURCE, "oldpath", "olddirfd"), (TARGET, "newpath", "newdirfd")),
    "SYSCALL_RENAMEAT2_X": ((SOURCE, "oldpath", "olddirfd"), (TARGET, "newpath", "newdirfd")),
    "SYSCALL_LINK_2_X": ((SOURCE, "oldpath", ""), (TARGET, "newpath", "")),
    "SYSCALL_LINKAT_2_X": ((SOURCE, "oldpath", "olddir"), (TARGET, "newpath", "newdir")),
    "SYSCALL_SYMLINK_X": ((SOURCE, "target", ""), (TARGET, "linkpath", "")),
    "SYSCALL_SYMLINKAT_X": ((SOURCE, "target", ""), (TARGET, "linkpath", "linkdirfd")),
    "SYSCALL_MOUNT_X": ((SOURCE, "dev", ""), (TARGET, "dir", "")),
}


def _params(symbol: str) -> tuple[PathParam, ...]:
    event_type = EVENT_TABLE[CODES[symbol]]

    def index(name: str) -> int:
        found = event_type.index(name)
        if found is None:
            raise ValueError(f"{symbol} has no parameter {name}")
        return found

    return tuple(PathParam(role, index(name), index(dirfd) if dirfd else None) for role, name, dirfd in _ROWS[symbol])


_BY_CODE = {CODES[symbol]: _params(symbol) for symbol in _ROWS}
PATHS: tuple[tuple[PathParam, ...], ...] = tuple(_BY_CODE.get(code, ()) for code in range(len(EVENT_TABLE)))
"""Event code -> the paths that its call was given."""
