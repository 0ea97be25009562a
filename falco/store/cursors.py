"""How far each forwarder has got: one small file for each, replaced as a whole and synchronized each time."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Cursor:
    """The last alert that is done with (delivered, filtered or put aside), of the store with this identity."""

    store: str = ""
    seq: int = 0


def directory(store: Path, name: str) -> Path:
    """Where a forwarder keeps what is its own: beside the store."""
    return store.parent / "forwarders" / name


def read(folder: Path) -> Cursor:
    """The cursor in a forwarder's directory; the beginning if there is none, or none that can be read."""
    try:
        data = json.loads((folder / "cursor.json").read_bytes())
        return Cursor(str(data["store"]), max(0, int(data["seq"])))
    except (OSError, ValueError, KeyError, TypeError):
        return Cursor()


def write(folder: Path, cursor: Cursor) -> None:
    """Replace the cursor. OSError; the old one is then still there."""
    replace(folder / "cursor.json", json.dumps(dataclasses.asdict(cursor)).encode() + b"\n", durable=True)


def replace(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Put a whole file in the place of another: readers see the old or the new one. OSError."""
    new = path.with_name(path.name + ".new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(file, data)
        if durable:
            os.fsync(file)
    finally:
        os.close(file)
    new.replace(path)
    if durable:
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
