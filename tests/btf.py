"""Writes BTF by hand: types in the kernel's binary form, for tests."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from falco.capture.probe import btf


class Blob:
    """Collects types; each method that adds one returns its number."""

    def __init__(self) -> None:
        self._types, self._names, self._count = b"", b"\0", 0

    def type(
        self, name: str, kind: int, value: int = 0, *, entries: int = 0, flag: bool = False, more: bytes = b""
    ) -> int:
        self._types += struct.pack("=III", self.name(name), kind << 24 | entries | flag << 31, value) + more
        self._count += 1
        return self._count

    def integer(self, name: str, size: int) -> int:
        return self.type(name, btf.INT, size, more=struct.pack("=I", size * 8))

    def array(self, of: int, count: int) -> int:
        return self.type("", btf.ARRAY, more=struct.pack("=III", of, 0, count))

    def struct(
        self,
        name: str,
        size: int,
        members: Iterable[tuple[str, int, int]],
        *,
        kind: int = btf.STRUCT,
        flag: bool = False,
    ) -> int:
        """Members are name, type and position in bits (with flag: and the width of bit-fields shifted left by 24)."""
        rows = [struct.pack("=III", self.name(name), number, at) for name, number, at in members]
        return self.type(name, kind, size, entries=len(rows), flag=flag, more=b"".join(rows))

    def name(self, name: str) -> int:
        if not name:
            return 0
        self._names += name.encode() + b"\0"
        return len(self._names) - len(name.encode()) - 1

    def data(self) -> bytes:
        head = struct.pack("=HBBIIIII", btf.MAGIC, 1, 0, 24, 0, len(self._types), len(self._types), len(self._names))
        return head + self._types + self._names
