"""The kernel as the tests use it: a probe's programs attached for a while, and what they leave in its maps."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Self

from falco.capture.live.loader import Loaded
from falco.capture.live.ring import Ring, map_pages
from falco.capture.probe.plan import Plan

if TYPE_CHECKING:
    from falco.capture.probe.object import ProbeObject


class Attached:
    """A probe whose program of this name is attached to sys_exit (its only one, unless named) for a with block."""

    def __init__(self, probe: ProbeObject, program: str = "") -> None:
        name = program or probe.programs[0].name
        self._loaded = Loaded(probe, Plan({name: "sys_exit"}, {}, {}))

    def __enter__(self) -> Self:
        self._loaded.attach()
        return self

    def __exit__(self, *_: object) -> None:
        self._loaded.close()

    def lookup(self, name: str, which: int) -> int:
        """A 64-bit value of an array."""
        return int(struct.unpack("=Q", self._loaded.maps[name].lookup(which))[0])

    def update(self, name: str, which: int, number: int) -> None:
        """Set a 64-bit value of an array."""
        self._loaded.maps[name].update(which, struct.pack("=Q", number))

    def records(self, name: str) -> list[bytes]:
        """What a ring buffer holds and nobody has taken."""
        table = self._loaded.maps[name]
        ring = Ring(map_pages(table.fd), table.spec.max_entries)
        try:
            found: list[bytes] = []
            while True:
                data, places = ring.take()
                if not places:
                    return found
                found += [data[start:end] for start, end in places]
        finally:
            ring.close()
