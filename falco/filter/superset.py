"""What of a condition can be tested before an event is decoded: a weaker condition that holds whenever it does.

Negations are pushed to the leaves, and every comparison that cannot be tested is replaced by what holds always. Two
kinds can be tested, of calls that open a file:

- Where: the path that the kernel resolved, by texts that it has to begin with, end with or contain. They serve fd.name
  exactly, fd.directory and fd.filename more loosely.
- How: a small whole number that the call itself tells: whether it was opened for writing or for reading, the new fd.

A test that is looser than the comparison serves only where that is not negated. passes() is the plain meaning of a
superset; the probe's C text is the other (falco/capture/probe/sieve.py), and both are held against each other.
"""

from __future__ import annotations

import dataclasses
import enum
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from falco.filter.ast import And, Node, Not, Or, Test
from falco.filter.patterns import Glob, PathPrefixes, glob_literal


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
class All:
    """All parts hold; without parts it holds always."""

    parts: tuple[Superset, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Any:
    """A part holds; without parts it never does."""

    parts: tuple[Superset, ...]


Superset = Where | How | All | Any
ALWAYS, NEVER = All(()), Any(())

_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def superset_of(conditions: Iterable[Node]) -> Superset:
    """What holds whenever one of these bound conditions does, on exits of calls that open a file."""
    return either(_weaken(node, negated=False) for node in conditions)


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
    return kept[0] if len(kept) == 1 else All(tuple(kept))


def passes(superset: Superset, path: bytes | None, numbers: Mapping[Number, int]) -> bool:
    """Whether a superset holds; path is None where it is not known, which every test of it lets through."""
    match superset:
        case All(parts):
            return all(passes(part, path, numbers) for part in parts)
        case Any(parts):
            return any(passes(part, path, numbers) for part in parts)
        case Where(texts, negated):
            return path is None or any(text.found(path) for text in texts) is not negated
        case How(number, op, value, negated):
            return _COMPARE[op](numbers[number], value) is not negated


def tests_of(superset: Superset) -> tuple[Where, ...]:
    """The tests of paths, without repetition."""
    if isinstance(superset, Where):
        return (superset,)
    if isinstance(superset, How):
        return ()
    return tuple(dict.fromkeys(test for part in superset.parts for test in tests_of(part)))


def _weaken(node: Node, negated: bool) -> Superset:
    match node:
        case And(children) | Or(children):
            join = both if isinstance(node, And) is not negated else either
            return join(_weaken(child, negated) for child in children)
        case Not(child):
            return _weaken(child, not negated)
        case _:
            return _test(cast("Test", node), negated)


def _test(test: Test, negated: bool) -> Superset:
    kind = _TESTS.get(test.field.key)
    return ALWAYS if kind is None else kind(test, negated)


def _texts(test: Test, make: Callable[[str, str], Text | None]) -> frozenset[Text] | None:
    """The texts that an operator and its operand stand for, None for what is no matter of texts."""
    operand = test.operand
    values = tuple(operand) if isinstance(operand, frozenset) else (operand,)
    if not all(isinstance(value, str) for value in values):
        return None
    texts = [make(test.op, cast("str", value)) for value in values]
    return None if None in texts else frozenset(cast("list[Text]", texts))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


_ANCHORS = {
    "=": (True, True), "in": (True, True), "startswith": (True, False), "endswith": (False, True),
    "contains": (False, False),
}  # fmt: skip


def _of_name(op: str, value: str) -> Text | None:
    anchors = _ANCHORS.get(op)
    return None if anchors is None else Text(_encoded(value), *anchors)


def _name(test: Test, negated: bool) -> Superset:
    if test.op == "!=":
        return _where(_texts(dataclasses.replace(test, op="="), _of_name), not negated)
    if test.op == "pmatch":
        return ALWAYS if negated else _prefixes(cast("PathPrefixes", test.operand))
    if test.op == "glob":
        literal = glob_literal(cast("Glob", test.operand).pattern)
        return ALWAYS if negated or not literal else Where(frozenset((Text(_encoded(literal), begins=True),)))
    return _where(_texts(test, _of_name), negated)


def _prefixes(operand: PathPrefixes) -> Superset:
    # The kernel's paths have a slash at the start and single ones between.
    if any(not prefix for prefix in operand.prefixes):
        return ALWAYS
    paths = [_encoded("/" + "/".join(prefix)) for prefix in operand.prefixes]
    exact = {Text(path, begins=True, ends=True) for path in paths}
    return Where(frozenset(exact | {Text(path + b"/", begins=True) for path in paths}))


def _where(texts: frozenset[Text] | None, negated: bool) -> Superset:
    return ALWAYS if texts is None else Where(texts, negated)


def _of_directory(op: str, value: str) -> Text | None:
    """A directory is what its files' paths begin with; the root's begin with nothing more."""
    if op in ("=", "in"):
        return Text(_encoded(value), begins=True)
    return (
        Text(_encoded(value), begins=True)
        if op == "startswith"
        else Text(_encoded(value))
        if op == "contains"
        else None
    )


def _of_filename(op: str, value: str) -> Text | None:
    """What stands behind the last slash."""
    if op in ("=", "in"):
        return Text(_encoded(f"/{value}"), ends=True) if value and "/" not in value else Text(_encoded(value))
    if op == "endswith":
        return Text(_encoded(value), ends=True)
    return Text(_encoded(value)) if op in ("startswith", "contains") else None


def _loosely(make: Callable[[str, str], Text | None]) -> Callable[[Test, bool], Superset]:
    return lambda test, negated: ALWAYS if negated else _where(_texts(test, make), negated=False)


_SUCCEEDED = How(Number.FD, ">=", 0)
_WRITING = How(Number.WRITES, "=", 1)


def _of_success(*more: Superset) -> Callable[[Test, bool], Superset]:
    """Paths that only calls have which succeeded, and of which more holds."""

    def make(test: Test, negated: bool) -> Superset:
        if negated:
            return ALWAYS
        return both((_SUCCEEDED, *more, ALWAYS if test.op == "exists" else _name(test, negated=False)))

    return make


def _flag(number: Number) -> Callable[[Test, bool], Superset]:
    def make(test: Test, negated: bool) -> Superset:
        if test.op not in ("=", "!="):
            return ALWAYS
        return How(number, test.op, int(cast("bool", test.operand)), negated)

    return make


def _fd(test: Test, negated: bool) -> Superset:
    if test.op == "in":
        numbers = [How(Number.FD, "=", value, negated) for value in sorted(cast("frozenset[int]", test.operand))]
        return both(numbers) if negated else either(numbers)
    return How(Number.FD, test.op, cast("int", test.operand), negated) if test.op in _COMPARE else ALWAYS


_TESTS: Mapping[str, Callable[[Test, bool], Superset]] = {
    "fd.name": _name,
    "fd.directory": _loosely(_of_directory),
    "fd.filename": _loosely(_of_filename),
    "fs.path.name": _of_success(),
    "fs.path.written": _of_success(_WRITING),
    "fd.num": _fd,
    "evt.is_open_write": _flag(Number.WRITES),
    "evt.is_open_read": _flag(Number.READS),
}
"""Fields whose comparisons can be tested."""
