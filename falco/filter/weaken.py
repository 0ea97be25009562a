"""From a condition to its superset: a weaker condition that holds whenever it does (superset.py).

Negations are pushed to the leaves, and every comparison that cannot be tested is replaced by what holds always. A test
that is looser than the comparison serves only where that is not negated.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from falco.filter.ast import And, Node, Not, Or, Test
from falco.filter.patterns import Glob, PathPrefixes, glob_literal
from falco.filter.superset import ALWAYS, COMPARISONS, NEVER, How, Level, Number, Superset, Text, Where, both, either

_LEVELS = re.compile(r"(?:/\*)+")


def superset_of(conditions: Iterable[Node]) -> Superset:
    """What holds whenever one of these bound conditions does, on exits of calls that open a file."""
    return either(_weaken(node, negated=False) for node in conditions)


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
    values = tuple(operand) if isinstance(operand, frozenset | tuple) else (operand,)
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
        return _glob(cast("Glob", test.operand).pattern, negated)
    return _where(_texts(test, _of_name), negated)


def _glob(pattern: str, negated: bool) -> Superset:
    if negated:
        # A path that "/*/*" does not match has fewer slashes than that, and the kernel's have at least one.
        return either(map(Level, range(1, pattern.count("/")))) if _LEVELS.fullmatch(pattern) else ALWAYS
    literal = glob_literal(pattern)
    return Where(frozenset((Text(_encoded(literal), begins=True),))) if literal else ALWAYS


def _prefixes(operand: PathPrefixes) -> Superset:
    # The kernel's paths have a slash at the start and single ones between.
    if any(not prefix for prefix in operand.prefixes):
        return ALWAYS
    paths = [_encoded("/" + "/".join(prefix)) for prefix in operand.prefixes]
    exact = {Text(path, begins=True, ends=True) for path in paths}
    return Where(frozenset(exact | {Text(path + b"/", begins=True) for path in paths}))


def _where(texts: frozenset[Text] | None, negated: bool) -> Superset:
    return ALWAYS if texts is None else Where(texts, negated)


def _directory(test: Test, negated: bool) -> Superset:
    """The directory of a file is its path up to the last slash, that of a directory is itself."""
    if negated:
        return ALWAYS
    if test.op in ("=", "in"):
        operand = test.operand if test.op == "in" else (test.operand,)
        return either(_directly_in(value) for value in sorted(cast("Iterable[str]", operand)))
    return _where(_texts(test, _of_directory), negated=False)


def _directly_in(directory: str) -> Superset:
    path = _encoded(directory)
    inside = path if path.endswith(b"/") else path + b"/"
    within = both((Where(frozenset((Text(inside, begins=True),))), Level(inside.count(b"/"))))
    return either((within, Where(frozenset((Text(path, begins=True, ends=True),)))))


def _of_directory(op: str, value: str) -> Text | None:
    if op == "startswith":
        return Text(_encoded(value), begins=True)
    return Text(_encoded(value)) if op == "contains" else None


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


def _of_success(*more: How) -> Callable[[Test, bool], Superset]:
    """Paths that only calls have which succeeded, and of which more holds."""

    def make(test: Test, negated: bool) -> Superset:
        path = (NEVER if negated else ALWAYS) if test.op == "exists" else _name(test, negated)
        conditions = (_SUCCEEDED, *more)
        if negated:
            return either((*(dataclasses.replace(each, negated=True) for each in conditions), path))
        return both((*conditions, path))

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
    return How(Number.FD, test.op, cast("int", test.operand), negated) if test.op in COMPARISONS else ALWAYS


_TESTS: Mapping[str, Callable[[Test, bool], Superset]] = {
    "fd.name": _name,
    "fd.directory": _directory,
    "fd.filename": _loosely(_of_filename),
    "fs.path.name": _of_success(),
    "fs.path.written": _of_success(_WRITING),
    "fd.num": _fd,
    "evt.is_open_write": _flag(Number.WRITES),
    "evt.is_open_read": _flag(Number.READS),
}
"""Fields whose comparisons can be tested."""
