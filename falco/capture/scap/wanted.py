"""Which events the loop behind a source needs to see; the others are passed over before anything is decoded."""

from __future__ import annotations

from collections.abc import Iterable

from falco.events.table import CODES, EVENT_TABLE

CONTAINER_CODES = frozenset((CODES["CONTAINER_E"], CODES["CONTAINER_JSON_E"], CODES["CONTAINER_JSON_2_E"]))
"""Events that tell of containers; those before any other event belong to the capture's opening."""
SKIP, TAKE, UNKNOWN = 0, 1, 2
"""What Wanted.codes says of an event code: passed over, wanted, not in the event table."""


class Wanted:
    """What the loop behind a reader needs to see: event codes, and of generic events only these system calls.

    None means all. Container events are always wanted, codes that the event table lacks never.
    """

    def __init__(self, codes: Iterable[int] | None = None, syscalls: frozenset[int] | None = None) -> None:
        known = len(EVENT_TABLE)
        self.codes = bytearray((UNKNOWN,)) * (1 << 16)
        self.codes[:known] = bytes((TAKE if codes is None else SKIP,)) * known
        for code in (*CONTAINER_CODES, *(codes or ())):
            self.codes[code] = TAKE
        self.syscalls = syscalls
