"""Paths in conditions by other spellings: as the kernel resolves them, and by any name of a file that rules name.

A test of a path field (one that tells when the kernel gave its value) by =, !=, in, startswith, pmatch or glob looks at
more than what is written. Other operators, and other fields, never do.

- respelled(): a value that the kernel resolved also satisfies a test if it satisfies that of the resolved constants;
  for != it must differ from both. Conditions whose constants resolve to themselves stay the same objects.
- by_any_name(): a file that the rules know by device and inode has the names that they have for it besides the one it
  was used by. A test holds if it does for any of the names; != wants all of them to differ.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

from falco.events.types import ParamType
from falco.fields.field import VARIES, Field, KernelPath, Many
from falco.filter.ast import And, BoundField, Node, Not, Or, Test, any_of
from falco.filter.fold import leaves_of
from falco.filter.patterns import Glob, PathPrefixes, glob_literal, glob_quoted

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.events.table import EventType
    from falco.fields.path_tables import FileId

OPERATORS = frozenset(("=", "!=", "in", "startswith", "pmatch", "glob"))
"""The operators whose constants are paths or begin with one."""
_EXACT = frozenset(("=", "!=", "in", "pmatch"))


@dataclasses.dataclass(frozen=True, slots=True)
class PathConstants:
    """The absolute paths that conditions name: paths are all whose resolution matters, files those given exactly.

    files are only of fields that can tell the file's device and inode.
    """

    paths: frozenset[str]
    files: frozenset[str]


def path_constants(conditions: Iterable[Node]) -> PathConstants:
    """The paths in bound conditions."""
    tests = {id(test): test for node in conditions for test in leaves_of(node) if _origin(test) is not None}
    paths: set[str] = set()
    files: set[str] = set()
    for test in tests.values():
        paths.update(_looked_up(test))
        if test.op in _EXACT and test.field.field.kernel_path.file is not None:  # type: ignore[union-attr]
            files.update(_looked_up(test))
    return PathConstants(frozenset(paths), frozenset(files))


def respelled(node: Node, resolved: Mapping[str, str]) -> Node:
    """The bound condition with its constants' resolutions besides them; itself if no constant has another."""
    return _replaced(node, lambda test: _with_resolution(test, resolved)) if resolved else node


def by_any_name(node: Node, files: Mapping[FileId, tuple[str, ...]]) -> Node:
    """The bound condition with paths of files compared by all names that files, read per event, has for them."""

    def renamed(test: Test) -> Node:
        origin = _origin(test)
        if origin is None or origin.file is None:
            return test
        return dataclasses.replace(test, field=names_of(test.field, files))

    return _replaced(node, renamed)


def names_of(field: BoundField, files: Mapping[FileId, tuple[str, ...]]) -> BoundField:
    """A field with the value of a path field and then the names that files has for what it names."""
    origin = cast("KernelPath", field.field.kernel_path)
    file_of, extract = cast("Callable[[Event], FileId | None]", origin.file), field.extract

    def names(event: Event) -> object:
        value, file = extract(event), file_of(event)
        known = () if file is None else files.get(file, ())
        return known if value is None else (value, *known)

    return _hidden(field, "by any name", ParamType.CHARBUF, names, Many.ENDS)


def _replaced(node: Node, change: Callable[[Test], Node]) -> Node:
    """The node with other tests in it; itself if change leaves all as they are."""
    match node:
        case And(children) | Or(children):
            changed = tuple(_replaced(child, change) for child in children)
            same = all(map(_is, changed, children))
            return node if same else type(node)(changed)
        case Not(child):
            inner = _replaced(child, change)
            return node if inner is child else Not(inner)
        case _:
            return change(cast("Test", node))


def _is(one: object, other: object) -> bool:
    return one is other


def _origin(test: Test) -> KernelPath | None:
    return test.field.field.kernel_path if test.op in OPERATORS else None


def _with_resolution(test: Test, resolved: Mapping[str, str]) -> Node:
    origin = _origin(test)
    others = () if origin is None else tuple(_others(test, resolved))
    if origin is None or not others:
        return test
    also = any_of([dataclasses.replace(test, op=op, operand=operand) for op, operand in others])
    if origin.is_given is not None:
        given = _hidden(test.field, "by kernel", ParamType.BOOL, origin.is_given)
        also = And((also, Test(given, "=", True, test.place)))
    return And((test, Not(also))) if test.op == "!=" else Or((test, also))


def _hidden(
    field: BoundField, what: str, type: ParamType, extract: Callable[..., object], many: Many = Many.ONE
) -> BoundField:
    """A field beside another one, which no rule can name: there is none where that one has no value."""
    name = f"{field.key} {what}"
    made = Field(name, type, "", extract, field.field.scope, many=many, constant=_absent_with(field.field))
    return BoundField(made, None, name, extract)


@functools.cache
def _absent_with(field: Field) -> Callable[[EventType], object]:
    return lambda event_type: None if field.fixed(event_type) is None else VARIES


# -- what a test looks up, and what becomes of it ----------------------------------------------------------------------


def _looked_up(test: Test) -> Iterator[str]:
    """The paths whose resolution matters to a test of a path field."""
    match test.op:
        case "=" | "!=" | "in" | "pmatch":
            yield from _exact(test)
        case "startswith":
            yield from (path for path, _ in _heads(cast("str", test.operand)))
        case _:
            yield from (path for path, _ in _glob_heads(cast("Glob", test.operand)))


def _exact(test: Test) -> Iterator[str]:
    operand = test.operand
    if isinstance(operand, PathPrefixes):
        yield from ("/" + "/".join(prefix) for prefix in sorted(operand.prefixes) if prefix)
    else:
        texts = sorted(operand) if isinstance(operand, frozenset) else (cast("str", operand),)
        yield from (text for text in texts if text.startswith("/"))


def _heads(prefix: str) -> Iterator[tuple[str, str]]:
    """The paths at the beginning of a prefix, with what follows: as a whole, and without its last part."""
    if not prefix.startswith("/"):
        return
    whole = prefix.rstrip("/")
    cuts = {len(whole), prefix.rindex("/")}
    yield from ((prefix[:cut], prefix[cut:]) for cut in sorted(cuts) if cut)


def _glob_heads(glob: Glob) -> Iterator[tuple[str, str]]:
    """The directory before the first part with a sign in it, with what follows; the whole if there is no sign."""
    pattern, literal = glob.pattern, glob_literal(glob.pattern)
    cut = len(pattern) if literal == pattern else literal.rfind("/")
    if pattern.startswith("/") and cut > 0:
        yield pattern[:cut], pattern[cut:]


def _others(test: Test, resolved: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    """Operators and operands for the resolutions of a test's constants, for != those of values that must not be."""
    match test.op:
        case "=" | "!=" | "in":
            found = frozenset(resolved[path] for path in _exact(test) if path in resolved)
            if len(found) == 1:
                yield "=", next(iter(found))
            elif found:
                yield "in", found
        case "pmatch":
            paths = [resolved[path] for path in _exact(test) if path in resolved]
            if paths:
                yield "pmatch", PathPrefixes.of(paths)
        case "startswith":
            heads = _heads(cast("str", test.operand))
            texts = {_joined(resolved[head], rest) for head, rest in heads if head in resolved}
            yield from (("startswith", text) for text in sorted(texts))
        case _:
            for head, rest in _glob_heads(cast("Glob", test.operand)):
                if head in resolved:
                    yield "glob", Glob(_joined(glob_quoted(resolved[head]), rest))


def _joined(head: str, rest: str) -> str:
    return rest or head if head == "/" else head + rest
