"""The event table: every event code with its name, flags and parameters.

Facts from libs driver/event_table.c (codes 0..453), with the names, flags and parameter types of sysdig's tag
falco/0.15.0 where that era knew the code (0..311), because rules were written against those.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

from falco.events.flags import FLAG_TABLES, FlagTable
from falco.events.types import CATEGORY_MASK, Category, EventFlag, Format, ParamType


@dataclasses.dataclass(frozen=True, slots=True)
class Param:
    """A parameter: dirfd is the index of the parameter that a relative path resolves against."""

    name: str
    type: ParamType
    format: Format
    flags: FlagTable | None = None
    dirfd: int | None = None
    alternatives: tuple[Param, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class EventType:
    """One event code. Bit 0 of the code is the direction: even codes enter a call, odd ones leave it."""

    code: int
    symbol: str
    name: str
    category: Category
    flags: EventFlag
    params: tuple[Param, ...]

    @property
    def enter(self) -> bool:
        """Whether this is the enter half."""
        return not self.code & 1

    @property
    def subject(self) -> Category:
        """The category without the part that says where the event comes from."""
        return Category(self.category & CATEGORY_MASK)

    def index(self, name: str) -> int | None:
        """The index of the first parameter of this name."""
        for i, param in enumerate(self.params):
            if param.name == name:
                return i
        return None


def _param(row: dict[str, object]) -> Param:
    flags, alternatives, dirfd = row.get("flags"), row.get("alternatives"), row.get("dirfd")
    return Param(
        name=str(row.get("name", "")),
        type=ParamType[str(row["type"])],
        format=Format[str(row["format"])],
        flags=FLAG_TABLES[flags] if isinstance(flags, str) else None,
        dirfd=dirfd if isinstance(dirfd, int) else None,
        alternatives=tuple(map(_param, alternatives)) if isinstance(alternatives, list) else (),
    )


def _load(path: Path) -> tuple[EventType, ...]:
    return tuple(
        EventType(
            row["code"],
            row["symbol"],
            row["name"],
            Category(row["category"]),
            EventFlag(row["flags"]),
            tuple(map(_param, row["params"])),
        )
        for row in json.loads(path.read_text(encoding="utf-8"))
    )


EVENT_TABLE = _load(Path(__file__).parent / "data" / "events.json")
GENERIC_E, GENERIC_X = 0, 1
CODES = {event_type.symbol: event_type.code for event_type in EVENT_TABLE}
"""Symbol without PPME_ -> code."""


def codes_named(name: str) -> tuple[int, ...]:
    """All codes with this event name, both halves and every version; empty for an unknown name."""
    return _BY_NAME.get(name, ())


def event_names() -> Iterable[str]:
    """Every event name, unused halves left out."""
    return _BY_NAME.keys()


def _by_name() -> dict[str, tuple[int, ...]]:
    names: dict[str, list[int]] = {}
    for event_type in EVENT_TABLE:
        if not event_type.name.startswith("NA") and event_type.code not in (GENERIC_E, GENERIC_X):
            names.setdefault(event_type.name, []).append(event_type.code)
    return {name: tuple(codes) for name, codes in names.items()}


_BY_NAME = _by_name()
