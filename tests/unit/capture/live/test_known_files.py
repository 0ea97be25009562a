"""The files that the sieve knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from falco.capture.live.known_files import KnownFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falco.capture.live.kernel import Table


class Held:
    """A map of the kernel's, as far as it is written."""

    def __init__(self):
        self.held: dict[int | bytes, bytes] = {}

    def update(self, key, value):
        self.held[key] = value

    def delete(self, key):
        del self.held[key]


def key(device, inode):
    return device.to_bytes(8, "little") + inode.to_bytes(8, "little")


def test_files_come_and_go_and_the_ends_of_their_numbers_with_the_last_one():
    maps = {"known_files": Held(), "known_numbers": Held()}
    files, numbers = (table.held for table in maps.values())
    known = KnownFiles(cast("Mapping[str, Table]", maps))
    known.know([(1, 5), (2, 5), (1, 8192 + 7)])
    assert set(files) == {key(1, 5), key(2, 5), key(1, 8199)}
    assert numbers == {5: b"\1", 7: b"\1"}
    known.know([(2, 5)])
    assert set(files) == {key(2, 5)}
    assert numbers == {5: b"\1", 7: b"\0"}
    known.know([(2, 8192 + 5)])
    assert set(files) == {key(2, 8197)}
    assert numbers[5] == b"\1"
