"""Supersets: weaker conditions, of what can be tested before an event is decoded (weaken.py makes them).

Two kinds of tests there are, of calls that open a file:

- Where: the path that the kernel resolved, by texts that it has to begin with, end with or contain. They serve fd.name
  exactly, fd.directory and fd.filename more loosely.
- How: a small whole number that the call itself tells: whether it was opened for writing or for reading, the new fd.

passes() is the plain meaning of a
superset; the probe's C text is the other (falco/capture/probe/sieve.py), and both are held against each other.
"""

from __future__ import annotations

import dataclasses
import enum
import operator
from collections.abc import Callable, Iterable, Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """A text in a path; begins and ends say that the path begins or ends with it."""

    text: bytes
    begins: bool = False
    ends: bool = False

    def found(self, path: bytes) -> bool:
        """Whether a path has it."""
        if self.begins and self.ends:
            return path == self.text
        if self.begins:
            return path.startswith(self.text)
        return path.endswith(self.text) if self.ends else self.text in path


class Number(enum.Enum):
    """What is known of an opening call as a number."""

    WRITES = "writes"
    READS = "reads"
    FD = "fd"


@dataclasses.dataclass(frozen=True, slots=True)
class Where:
    """That a path has one of these texts or, negated, none of them."""

    texts: frozenset[Text]
    negated: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class How:
    """That a number compares as said; op is one of the operators =, !=, <, <=, >, >=."""

    number: Number
    op: str
    value: int
    negated: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Level:
    """That a path has this many slashes: how deep it lies."""

    slashes: int


@dataclasses.dataclass(frozen=True, slots=True)
class All:
    """All parts hold; without parts it holds always."""

    parts: tuple[Superset, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Any:
    """A part holds; without parts it never does."""

    parts: tuple[Superset, ...]


Superset = Where | Level | How | All | Any
ALWAYS, NEVER = All(()), Any(())

COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def either(parts: Iterable[Superset]) -> Superset:
    """The or of supersets, flat and without repetition."""
    flat: dict[Superset, None] = {}
    for part in parts:
        for each in part.parts if isinstance(part, Any) else (part,):
            if each == ALWAYS:
                return ALWAYS
            flat[each] = None
    # What is wider makes the narrower needless: a part that is also said alone.
    kept = [part for part in flat if not (isinstance(part, All) and any(each in flat for each in part.parts))]
    return kept[0] if len(kept) == 1 else Any(tuple(kept))


def both(parts: Iterable[Superset]) -> Superset:
    """The and of supersets, flat and without repetition."""
    flat: dict[Superset, None] = {}
    for part in parts:
        for each in part.parts if isinstance(part, All) else (part,):
            if each == NEVER:
                return NEVER
            flat[each] = None
    kept = [part for part in flat if not (isinstance(part, Any) and any(each in flat for each in part.parts))]
    lean = [_without(part, flat) for part in kept]
    if lean != kept:
        return both(lean)
    return kept[0] if len(kept) == 1 else All(tuple(kept))


def _without(part: Superset, said: Iterable[Superset]) -> Superset:
    """An or whose parts do not say again what is said beside it."""
    if not isinstance(part, Any):
        return part
    others = {each for each in said if each is not part}
    return either(
        both(each for each in branch.parts if each not in others) if isinstance(branch, All) else branch
        for branch in part.parts
    )


def passes(superset: Superset, path: bytes | None, numbers: Mapping[Number, int]) -> bool:
    """Whether a superset holds; path is None where it is not known, which every test of it lets through."""
    match superset:
        case All(parts):
            return all(passes(part, path, numbers) for part in parts)
        case Any(parts):
            return any(passes(part, path, numbers) for part in parts)
        case Where(texts, negated):
            return path is None or any(text.found(path) for text in texts) is not negated
        case Level(slashes):
            return path is None or path.count(b"/") == slashes
        case How(number, op, value, negated):
            return COMPARISONS[op](numbers[number], value) is not negated


def tests_of(superset: Superset) -> tuple[Where, ...]:
    """The tests of paths, without repetition."""
    if isinstance(superset, Where):
        return (superset,)
    if isinstance(superset, How | Level):
        return ()
    return tuple(dict.fromkeys(test for part in superset.parts for test in tests_of(part)))
