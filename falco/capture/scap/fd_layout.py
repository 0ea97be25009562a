"""What an entry of an fd list holds behind number, inode and type: declared once, read and written by it.

Layouts: libs scap_savefile.c, scap_fd_write_to_disk and scap_fd_read_from_disk.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.capture.scap import packing
from falco.state.fds import FdInfo, FdType

if TYPE_CHECKING:
    from falco.capture.scap.metadata import Cursor


@dataclasses.dataclass(frozen=True, slots=True)
class Number:
    """An unsigned integer; late says that the first writers did not have it."""

    attribute: str
    size: int
    late: bool = False

    def read(self, fd: FdInfo, cursor: Cursor) -> None:
        setattr(fd, self.attribute, cursor.unsigned(self.size))

    def written(self, fd: FdInfo) -> bytes:
        value: int = getattr(fd, self.attribute)
        return (value & (1 << 8 * self.size) - 1).to_bytes(self.size, "little")


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """An address of one family."""

    attribute: str
    size: int
    late = False

    def read(self, fd: FdInfo, cursor: Cursor) -> None:
        setattr(fd, self.attribute, cursor.take(self.size))

    def written(self, fd: FdInfo) -> bytes:
        return packing.address(getattr(fd, self.attribute), self.size)


@dataclasses.dataclass(frozen=True, slots=True)
class Name:
    """The fd's name."""

    late = False

    def read(self, fd: FdInfo, cursor: Cursor) -> None:
        fd.name = cursor.text()

    def written(self, fd: FdInfo) -> bytes:
        return packing.text(fd.name)


Part = Number | Address | Name


def _bound(size: int) -> tuple[Part, ...]:
    return Address("destination", size), Number("destination_port", 2), Number("l4proto", 1)


def _connected(size: int) -> tuple[Part, ...]:
    ports = Number("source_port", 2), Number("destination_port", 2)
    return Address("source", size), Address("destination", size), *ports, Number("l4proto", 1)


_NAMED: tuple[Part, ...] = (Name(),)
LAYOUTS: dict[int, tuple[Part, ...]] = {
    FdType.UNKNOWN: (),
    FdType.IPV4_SOCK: _connected(4),
    FdType.IPV6_SOCK: _connected(16),
    FdType.IPV4_SERVSOCK: _bound(4),
    FdType.IPV6_SERVSOCK: _bound(16),
    FdType.UNIX_SOCK: (Number("source_pointer", 8), Number("destination_pointer", 8), Name()),
    FdType.FILE_V2: (Number("open_flags", 4), Name(), Number("dev", 4, late=True)),
}
"""Types that are not here have a name and nothing else."""
_LATE = 4
"""Bytes of what came late."""


def read(fd: FdInfo, cursor: Cursor, *, entries: bool) -> None:
    """Fill in an fd whose type is set. entries says that cursor is of this entry alone, as in later forms of the list:
    only that shows whether what came late is there. MetadataError from the cursor.
    """
    for part in LAYOUTS.get(fd.type, _NAMED):
        if part.late and not (entries and cursor.left >= _LATE):
            return
        part.read(fd, cursor)


def written(fd: FdInfo) -> bytes:
    """The same in the newest form."""
    return b"".join(part.written(fd) for part in LAYOUTS.get(fd.type, _NAMED))
