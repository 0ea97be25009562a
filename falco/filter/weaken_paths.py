"""Supersets of comparisons of paths (weaken.py): as texts to be looked for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from falco.filter.joining import both, either
from falco.filter.patterns import Glob, PathPrefixes, glob_literal
from falco.filter.superset import ALWAYS, Level, Superset, Text, Where

if TYPE_CHECKING:
    from falco.filter.ast import Test

_LEVELS = re.compile(r"(?:/\*)+")


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


def of_path(test: Test, negated: bool) -> Superset:
    """The whole path."""
    if test.op == "!=":
        return _where(_texts(dataclasses.replace(test, op="="), _of_name), not negated)
    if test.op == "pmatch":
        return ALWAYS if negated else _prefixes(cast("PathPrefixes", test.operand))
    if test.op == "glob":
        return _glob(cast("Glob", test.operand).pattern, negated)
    return _where(_texts(test, _of_name), negated)


def _glob(pattern: str, negated: bool) -> Superset:
    if negated:
        # A path that "/*/*" does not match has fewer slashes than that: the kernel's one at least, others maybe none.
        return either(map(Level, range(pattern.count("/")))) if _LEVELS.fullmatch(pattern) else ALWAYS
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


def of_directory(test: Test, negated: bool) -> Superset:
    """The directory of a file is its path up to the last slash, that of a directory is itself."""
    if negated:
        return ALWAYS
    if test.op in ("=", "in"):
        operand = test.operand if test.op == "in" else (test.operand,)
        return either(_directly_in(value) for value in sorted(cast("Iterable[str]", operand)))
    return _where(_texts(test, _directory), negated=False)


def _directly_in(directory: str) -> Superset:
    path = _encoded(directory)
    inside = path if path.endswith(b"/") else path + b"/"
    within = both((Where(frozenset((Text(inside, begins=True),))), Level(inside.count(b"/"))))
    return either((within, Where(frozenset((Text(path, begins=True, ends=True),)))))


def _directory(op: str, value: str) -> Text | None:
    if op == "startswith":
        return Text(_encoded(value), begins=True)
    return Text(_encoded(value)) if op == "contains" else None


def _filename(op: str, value: str) -> Text | None:
    if op in ("=", "in"):
        return Text(_encoded(f"/{value}"), ends=True) if value and "/" not in value else Text(_encoded(value))
    if op == "endswith":
        return Text(_encoded(value), ends=True)
    return Text(_encoded(value)) if op in ("startswith", "contains") else None


def of_filename(test: Test, negated: bool) -> Superset:
    """What stands behind the last slash of a file's path."""
    return ALWAYS if negated else _where(_texts(test, _filename), negated=False)
