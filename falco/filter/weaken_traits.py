"""Supersets of comparisons of what a thread is: what only its own calls change, so that it can be told to the probe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from falco.filter.joining import both, either
from falco.filter.superset import ALWAYS, All, Any, Superset, Where, Who

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from falco.filter.ast import Test
    from falco.filter.weaken import Weaken

FIELDS = (
    "proc.name", "proc.exe", "proc.exepath", "proc.args", "proc.cmdline", "proc.exeline", "proc.tty", "proc.cmdnargs",
    "proc.cmdlenargs", "user.uid", "user.loginuid", "group.gid", "container.id",
)  # fmt: skip
"""Fields that change only with calls of the thread itself that the probe notes (thread_changes of c/traits.h), with an
exec, with a name that it is given, and with its birth. Names of users are not among them, which other programs change,
nor what is known of containers."""


def of_trait(test: Test, negated: bool) -> Superset:
    """The comparison itself: state finds out what it says of a thread, and nothing of it is lost on the way."""
    operand = test.operand
    shown = sorted(map(repr, operand)) if isinstance(operand, frozenset | set) else repr(operand)
    return Who(f"{test.field.key} {test.op} {shown}", negated, test)


TRAITS: Mapping[str, Weaken] = dict.fromkeys(FIELDS, of_trait)


def traits_of(superset: Superset) -> Iterator[Who]:
    """Every comparison of what a thread is, as often as it is said."""
    if isinstance(superset, Who):
        yield superset
    elif isinstance(superset, All | Any):
        for part in superset.parts:
            yield from traits_of(part)


def without_needless_traits(superset: Superset) -> Superset:
    """A looser superset, which does not ask what a thread is where a path says already that few calls are meant."""
    match superset:
        case All(parts):
            return with_traits(superset, ()) if says_path(superset) else both(map(without_needless_traits, parts))
        case Any(parts):
            return either(map(without_needless_traits, parts))
        case _:
            return superset


def says_path(superset: Superset) -> bool:
    """Whether it can only hold for paths that have one of some texts."""
    match superset:
        case All(parts):
            return any(map(says_path, parts))
        case Any(parts):
            return all(map(says_path, parts))
        case Where():
            return not superset.negated
        case _:
            return False


def with_traits(superset: Superset, kept: Collection[str]) -> Superset:
    """A looser superset, in which comparisons of what a thread is are tested only if their text is among the kept."""
    match superset:
        case All(parts):
            return both(with_traits(part, kept) for part in parts)
        case Any(parts):
            return either(with_traits(part, kept) for part in parts)
        case Who(text):
            return superset if text in kept else ALWAYS
        case _:
            return superset
