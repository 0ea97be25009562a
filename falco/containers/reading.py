"""Values out of JSON that somebody else wrote: of the type that is wanted, or empty; long ones cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from falco.state.containers import Mount

Json = Mapping[str, object]
LONGEST_TEXT = 4096
"""Characters of a value that are kept."""
MOST = 1024
"""Entries of a list or mapping that are kept."""
MOST_TEXT = 64 << 10
"""Characters of all labels together, and of all mounts: an event that tells of a container may have a MiB."""
_NOTHING: Json = {}


def section(row: object, *path: str) -> Json:
    """The mapping below some keys, empty if there is none."""
    for key in path:
        row = row.get(key) if isinstance(row, dict) else None
    return cast("Json", row) if isinstance(row, dict) else _NOTHING


def text(row: Json, key: str) -> str:
    """A text, empty if there is none."""
    value = row.get(key)
    return clean(value) if isinstance(value, str) else ""


def clean(value: str) -> str:
    """A text as it may be kept: not too long, and without what cannot be written as UTF-8."""
    value = value[:LONGEST_TEXT]
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def texts(row: Json, key: str) -> tuple[str, ...]:
    """A list's texts; others are left out."""
    found = row.get(key)
    return tuple(clean(each) for each in found[:MOST] if isinstance(each, str)) if isinstance(found, list) else ()


def rows(row: Json, key: str) -> Iterator[Json]:
    """A list's mappings."""
    found = row.get(key)
    for each in found[:MOST] if isinstance(found, list) else ():
        if isinstance(each, dict):
            yield cast("Json", each)


def labels(row: Json) -> dict[str, str]:
    """A mapping's texts by their keys."""
    return within((clean(key), clean(value)) for key, value in row.items() if isinstance(value, str))


def within(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """As many pairs of texts as may be kept."""
    found: dict[str, str] = {}
    left = MOST_TEXT
    for key, value in pairs:
        left -= len(key) + len(value)
        if left < 0 or len(found) >= MOST:
            break
        found[key] = value
    return found


def mounts(found: Iterable[Mount]) -> tuple[Mount, ...]:
    """As many mounts as may be kept."""
    kept, left = [], MOST_TEXT
    for mount in found:
        left -= len(mount.source) + len(mount.destination) + len(mount.mode) + len(mount.propagation)
        if left < 0:
            break
        kept.append(mount)
    return tuple(kept)
