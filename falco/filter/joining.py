"""Supersets joined by and and by or, without what need not be said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Set

from falco.filter.superset import ALWAYS, NEVER, All, Any, How, Superset, Who

_OPPOSITES = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def either(parts: Iterable[Superset]) -> Superset:
    """The or of supersets, flat and without repetition."""
    flat: dict[Superset, None] = {}
    for part in parts:
        for each in part.parts if isinstance(part, Any) else (_plain(part),):
            if each == ALWAYS:
                return ALWAYS
            flat[each] = None
    # What is wider makes the narrower needless: a part that is also said alone.
    kept = [part for part in flat if not (isinstance(part, All) and any(each in flat for each in part.parts))]
    return kept[0] if len(kept) == 1 else Any(tuple(kept))


def both(parts: Iterable[Superset]) -> Superset:
    """The and of supersets, flat and without repetition; NEVER if one says the opposite of another."""
    flat: dict[Superset, None] = {}
    for part in parts:
        for each in part.parts if isinstance(part, All) else (_plain(part),):
            if each == NEVER:
                return NEVER
            flat[each] = None
    if any(_opposite(part) in flat for part in flat):
        return NEVER
    kept = [part for part in flat if not (isinstance(part, Any) and any(each in flat for each in part.parts))]
    lean = [_without(part, flat) for part in kept]
    if lean != kept:
        return both(lean)
    return kept[0] if len(kept) == 1 else All(tuple(kept))


def _without(part: Superset, said: Iterable[Superset]) -> Superset:
    """An or whose parts do not say again what is said beside it, nor the opposite."""
    if not isinstance(part, Any):
        return part
    others = {each for each in said if each is not part}
    return either(
        both(each for each in branch.parts if each not in others) if isinstance(branch, All) else branch
        for branch in part.parts
        if not _denies(branch, others)
    )


def _denies(branch: Superset, said: Set[Superset]) -> bool:
    """Whether it has to do with the opposite of what is said."""
    return any(_opposite(each) in said for each in (branch.parts if isinstance(branch, All) else (branch,)))


def _plain(part: Superset) -> Superset:
    """A comparison of numbers without a negation where there is an operator for that."""
    if isinstance(part, How) and part.negated and part.op in _OPPOSITES:
        return dataclasses.replace(part, op=_OPPOSITES[part.op], negated=False)
    return part


def _opposite(part: Superset) -> Superset | None:
    """What holds wherever a part does not. Of paths there is none: their tests may be looser than rules, of several
    fields.
    """
    if isinstance(part, Who):
        return dataclasses.replace(part, negated=not part.negated)
    if isinstance(part, How):
        return _plain(dataclasses.replace(part, negated=not part.negated))
    return None
