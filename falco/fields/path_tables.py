"""What the rules' paths mean on a host: where their links lead, and which files they name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

FileId = tuple[int, int]
"""Device, as stat(2) numbers it in 32 bits, and inode: what a file is, whatever its name."""


@dataclasses.dataclass(frozen=True, slots=True)
class PathTables:
    """The tables in force, plain rows: made from a live host, written into recordings and read back from them.

    resolved maps a path of the rules to the one that the kernel gives for it, where that differs. files has, for each
    file that rules name exactly, the paths that stand for it: as the rules have them, and resolved.
    """

    resolved: Mapping[str, str] = dataclasses.field(default_factory=dict)
    files: Mapping[FileId, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.resolved or self.files)


NO_TABLES = PathTables()
"""Every path means what is written."""
