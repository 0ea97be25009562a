"""Values out of JSON that somebody else wrote: of the type that is wanted, or empty; long ones cut."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from falco.state.containers import Mount

Json = Mapping[str, object]
LONGEST_TEXT = 4096
"""Characters of a value that are kept."""
MOST = 1024
"""Entries of a list or mapping that are kept."""
MOST_TEXT = 48 << 10
"""Characters of all labels together, and of all mounts: an event that tells of a container may have a MiB."""
MOST_MARKS = 200_000
"""Quotation marks, brackets and commas of an answer; some thousands are usual. Nobody else runs while JSON is read, and
of 16 MiB of the shortest values that would take more than a second and 400 MB."""
_MARKS = (b'"', b"[", b"{", b",")
_NOTHING: Json = {}


class TooManyValuesError(ValueError):
    """JSON that would take too long to read."""


def parse(raw: bytes | str) -> Json:
    """The JSON object that an answer is. ValueError, also if it is too much; RecursionError."""
    written = raw.encode("utf-8", "replace") if isinstance(raw, str) else raw
    if sum(map(written.count, _MARKS)) > MOST_MARKS:
        raise TooManyValuesError("it has too many values")
    row = json.loads(raw)
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")
    return cast("Json", row)


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
    """A list's texts, as many as may be kept; others are left out."""
    found = row.get(key)
    return _within(clean(each) for each in found[:MOST] if isinstance(each, str)) if isinstance(found, list) else ()


def argv(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """A command. One that is too long becomes a single word, cut off, which no process's command line is equal to."""
    if words is None or sum(map(len, words)) + len(words) > LONGEST_TEXT:
        return None if words is None else (clean(" ".join(words)),)
    return tuple(map(clean, words))


def _within(texts: Iterable[str]) -> tuple[str, ...]:
    found, left = [], MOST_TEXT
    for each in texts:
        left -= len(each)
        if left < 0:
            break
        found.append(each)
    return tuple(found)


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
