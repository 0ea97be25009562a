"""The blocks of a .scap file: numbers and layouts that reader and writer share (libs scap_savefile.h).

A block is u32 type, u32 total length, body, padding to 4, u32 total length again; all little-endian.
"""

from __future__ import annotations

import struct

SECTION_HEADER = 0x0A0D0D0A
MACHINE_INFO = 0x201
INTERFACES, INTERFACES_V2 = 0x205, 0x219
USERS, USERS_V2 = 0x206, 0x220
FDS, FDS_V2 = 0x203, 0x218
PROCESSES = {0x202: 1, 0x207: 2, 0x209: 3, 0x210: 4, 0x211: 5, 0x212: 6, 0x213: 7, 0x214: 8, 0x215: 9}
"""Process-list block -> its version."""
PROCESSES_V9 = 0x215
EVENT, EVENT_V2, EVENT_V2_LARGE = 0x204, 0x216, 0x221
EVENT_FLAGS, EVENT_FLAGS_V2, EVENT_FLAGS_V2_LARGE = 0x208, 0x217, 0x222
EVENT_BLOCKS = frozenset((EVENT, EVENT_V2, EVENT_V2_LARGE, EVENT_FLAGS, EVENT_FLAGS_V2, EVENT_FLAGS_V2_LARGE))
WITH_FLAGS = frozenset((EVENT_FLAGS, EVENT_FLAGS_V2, EVENT_FLAGS_V2_LARGE))
FLAGGED = {EVENT: EVENT_FLAGS, EVENT_V2: EVENT_FLAGS_V2, EVENT_V2_LARGE: EVENT_FLAGS_V2_LARGE}
"""Event block without flags -> the same with them."""
WITHOUT_COUNT = frozenset((EVENT, EVENT_FLAGS))
"""Event blocks whose header does not say how many parameters follow."""
ORDINARY = frozenset((EVENT, EVENT_V2))
"""Event blocks whose event code stands where EVENT_SCAN reads it."""

PATH_TABLES = 0xFA50
"""Event code, far beyond all that are given, of records with tables of paths (path_records.py)."""
LATER_CALLS = {0xFA60: 0, 0xFA61: 1}
"""Event code of a generic event whose system call foreign readers do not know -> the code of generic events.

They pass over the former; by the latter they would look for the call's name behind the end of their table (sysdig 0.29
does, and crashes).
"""
CALLS_OF_ALL_READERS = 329
"""How many system calls (PPM_SC codes) are known to sysdig 0.29."""

ALIASES = {
    0x8002ABCD: MACHINE_INFO,
    0x8000ABCD: 0x202,
    0x8013ABCD: 0x207,
    0x8014ABCD: 0x209,
    0x8001ABCD: FDS,
    0x8010ABCD: EVENT,
    0x8011ABCD: INTERFACES,
    0x8012ABCD: USERS,
}
"""Numbers of the format's first, unreleased days; same layouts."""

MAGIC = 0x1A2B3C4D
MAGIC_SWAPPED = 0x4D3C2B1A
STATE_ONLY = 1
"""Dump flag of events that only update state."""

BLOCK = struct.Struct("<II")
TRAILER = struct.Struct("<I")
SECTION = struct.Struct("<IHHQ")
MACHINE = struct.Struct("<IQQ128sQQQQ")
EVENT_SCAN = struct.Struct("<II22xH")
"""Block type, block length and event code of an ordinary event block: all that a skipped event is looked at for."""
EVENT_HEAD = struct.Struct("<8xHQqI2xI")
"""CPU, timestamp (ns), tid, event length and parameter count of an EVENT_V2 block, whose lengths follow."""
CPU, CPU_FLAGS = struct.Struct("<H"), struct.Struct("<HI")
HEADER = struct.Struct("<QqIH")
"""Timestamp (ns), tid, event length (from here to the last parameter byte), event code."""
COUNT = struct.Struct("<I")

MAX_METADATA = 256 << 20
MAX_EVENT = 64 << 20
"""Block sizes (bytes) beyond which a capture is hostile rather than large."""
