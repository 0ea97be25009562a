"""Tells the sieve which files rules may mean by whatever name: what is done with them always passes (c/sieve.h)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.capture.live.kernel import Table

_FILE = struct.Struct("=QQ")
"""struct file_id of c/sieve.h."""
_NUMBERS = 8192
"""NUMBERS of c/sieve.h: by the end of a file's number the sieve sees whether it has to look the file up at all."""


class KnownFiles:
    """What the sieve knows of files, in the maps of a probe."""

    def __init__(self, maps: Mapping[str, Table]) -> None:
        self._files, self._numbers = maps["known_files"], maps["known_numbers"]
        self._known: frozenset[tuple[int, int]] = frozenset()

    def know(self, files: Iterable[tuple[int, int]]) -> None:
        """From now on these are known, and no others: device and inode as stat(2) has them. BpfError."""
        wanted = frozenset(files)
        before, after = self._ends(self._known), self._ends(wanted)
        for end in after - before:
            self._numbers.update(end, b"\1")
        for file in wanted - self._known:
            self._files.update(_FILE.pack(*file), b"\1")
        for file in self._known - wanted:
            self._files.delete(_FILE.pack(*file))
        for end in before - after:
            self._numbers.update(end, b"\0")
        self._known = wanted

    @staticmethod
    def _ends(files: frozenset[tuple[int, int]]) -> set[int]:
        return {inode % _NUMBERS for _, inode in files}
