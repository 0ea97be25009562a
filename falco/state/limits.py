"""How much the tables hold, so that no capture and no load makes them grow without end.

What comes on top is not kept. State.refused counts it by the name of the table.
"""

from __future__ import annotations

MAX_THREADS = 131072
MAX_FDS = 4096
"""Of one process."""
MAX_ALL_FDS = 1 << 20
"""Of all processes together; an fd with a long name counts as more than one (room.py)."""
MAX_CONTAINERS = 16384
MAX_CONTAINER_JSON = 1 << 20
"""Bytes of the text that tells of one container; what is read from it can take fifty times as much."""
MAX_CONTAINER_BYTES = 128 << 20
"""Of all containers together, by their own estimate (Container.size)."""
MAX_ACCOUNTS = 65536
"""Of users, and of groups."""
MAX_INTERFACES = 4096
MAX_ANCESTORS = 1024
"""Parents that are looked at one after the other."""
MAX_TEXT = 4096
"""Bytes of a thread's names and paths; the same limit holds for its arguments, environment and control groups."""
