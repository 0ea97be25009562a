"""cgroup strings: what they say, and which container a path belongs to."""

from __future__ import annotations

from falco.events.decode import strings

_SUBSYSTEMS = {"perf": "perf_event", "mem": "memory", "io": "blkio"}


def parse(raw: bytes) -> list[tuple[str, str]]:
    """(subsystem, path) pairs of NUL-separated `subsystem=path`; names are normalised as libsinsp does."""
    pairs = []
    for item in strings(raw):
        name, equals, path = item.rpartition("=")
        if equals:
            name = name.replace("_cgroup", "")
            pairs.append((_SUBSYSTEMS.get(name, name), path))
    return pairs
