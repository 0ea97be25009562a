"""Supersets made smaller: the same or looser ones that have fewer comparisons and fewer tests of paths.

Many rules about the same calls say much of the same. What they share is tested once, and texts that several look for
in paths become one test. Of two paths either may meet a test, so that two negated ones may each be met by another: for
calls that are given two, one_path is false and these stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from falco.filter.joining import both, either
from falco.filter.superset import ALWAYS, All, Any, How, Level, Number, Superset, Where

_SHARED = frozenset(
    (Number.WRITES, Number.READS, Number.FD, Number.RESULT, Number.KIND, Number.TRANSPORT, Number.RENAMES)
)
"""Numbers that have few values: what is said of them is likely to be said by many rules."""


def gathered(superset: Superset, *, one_path: bool = True) -> Superset:
    """The same superset with shared parts taken out of its alternatives."""
    match superset:
        case All(parts):
            joined = both(gathered(part, one_path=one_path) for part in parts)
            return _with_one_text(joined, negated=True) if one_path else joined
        case Any(parts):
            each = (gathered(part, one_path=one_path) for part in parts)
            return _with_one_text(either(_grouped(each)), negated=False)
        case _:
            return superset


def _grouped(parts: Iterable[Superset]) -> Iterable[Superset]:
    """Alternatives, those that share what can be shared as one."""
    groups: dict[frozenset[Superset], tuple[list[Superset], list[Superset]]] = {}
    for part in parts:
        items = part.parts if isinstance(part, All) else (part,)
        shared: list[Superset] = [
            item for item in items if isinstance(item, How) and (item.negated or item.number in _SHARED)
        ]
        rest = both(item for item in items if item not in shared)
        groups.setdefault(frozenset(shared), (shared, []))[1].append(rest)
    for shared, rests in groups.values():
        yield both((*shared, _with_one_text(either(rests), negated=False)))


def _is_shared(part: Superset) -> bool:
    return isinstance(part, How) and (part.negated or part.number in _SHARED)


def _with_one_text(superset: Superset, negated: bool) -> Superset:
    """Alternatives with one test of paths instead of several; where all have to hold, with one negated test."""
    kind = All if negated else Any
    if not isinstance(superset, kind):
        return superset
    tests = [part for part in superset.parts if isinstance(part, Where) and part.negated is negated]
    if len(tests) < 2:
        return superset
    one = Where(frozenset(text for test in tests for text in test.texts), negated)
    others = [part for part in superset.parts if part not in tests]
    return both((*others, one)) if negated else either((*others, one))


def coarse(superset: Superset, *, one_path: bool = True) -> Superset:
    """A looser superset, for want of room: how deep paths lie is not tested."""
    match superset:
        case All(parts):
            return gathered(both(coarse(part, one_path=one_path) for part in parts), one_path=one_path)
        case Any(parts):
            return gathered(either(coarse(part, one_path=one_path) for part in parts), one_path=one_path)
        case Level():
            return ALWAYS
        case _:
            return superset


def size(superset: Superset) -> int:
    """How many comparisons it has."""
    return sum(map(size, superset.parts)) if isinstance(superset, All | Any) else 1
