"""Path fields that read FakeEvents, and strategies over conditions on them, events and tables of paths.

`fd.kernel` and `proc.kernel` in an event tell whether the kernel gave its path, `fd.file` which file that is.
"""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any, cast

from hypothesis import strategies as st

from falco.events.types import ParamType as T
from falco.fields.field import KernelPath
from falco.fields.path_tables import PathTables
from falco.filter.ast import And, BoundField, Node, Not, Or, Test
from falco.filter.interpret import holds
from falco.filter.patterns import Glob, PathPrefixes
from tests.unit.filter.conditions import PLACE, FakeEvent, compare, field, reader

if TYPE_CHECKING:
    from falco.events.event import Event


def _bound(name: str, kernel_path: KernelPath) -> BoundField:
    made = field(name, T.CHARBUF, kernel_path=kernel_path)
    assert made.extract is not None
    return BoundField(made, None, name, made.extract)


PATHS = {
    "fd.name": _bound("fd.name", KernelPath(reader("fd.kernel"), reader("fd.file"))),
    "proc.exepath": _bound("proc.exepath", KernelPath(reader("proc.kernel"))),
    "fs.path.name": _bound("fs.path.name", KernelPath()),
}


def path_test(name: str, op: str, operand: object = None) -> Test:
    """A bound comparison of a field of PATHS."""
    return Test(PATHS[name], op, operand, PLACE)


TEXTS = ("/a", "/a/b", "/r", "/r/b", "/r/s", "/a/b/c", "/", "", "a", "/x")
FILES = ((1, 1), (1, 2), (2, 1))
texts = st.sampled_from(TEXTS)
_operands = st.one_of(
    st.tuples(st.sampled_from(("=", "!=", "contains", "endswith")), texts),
    st.tuples(st.just("in"), st.frozensets(texts)),
    st.tuples(st.just("startswith"), st.sampled_from((*TEXTS, "/a/", "/r/", "/a/b/", "/a/x"))),
    st.tuples(st.just("pmatch"), st.lists(texts, max_size=3).map(PathPrefixes.of)),
    st.tuples(st.just("glob"), st.sampled_from(("/a/*", "/r/*", "/*/b", "/a/b", "*", "/a/b*", "/r/?")).map(Glob)),
    st.just(("exists", None)),
)
path_tests: st.SearchStrategy[Node] = st.builds(
    lambda name, pair: path_test(name, *pair), st.sampled_from(sorted(PATHS)), _operands
)
_others: st.SearchStrategy[Node] = st.sampled_from((compare("proc.name", "=", "cat"), compare("fd.num", "<", 3)))


def _wider(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(children, min_size=1, max_size=3).map(tuple)
    return st.one_of(several.map(And), several.map(Or), children.map(Not))


path_conditions: st.SearchStrategy[Node] = st.recursive(st.one_of(path_tests, _others), _wider, max_leaves=8)
_SURE: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(PATHS, texts),
    "fd.kernel": st.booleans(),
    "proc.kernel": st.booleans(),
    "fd.file": st.sampled_from(FILES),
    "proc.name": st.sampled_from(("cat", "sh")),
    "fd.num": st.integers(0, 4),
}
# Values that are missing or none are rarer than those that the tables tell something of.
path_values: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(_SURE),
    st.fixed_dictionaries(_SURE),
    st.fixed_dictionaries({}, optional={name: st.none() | each for name, each in _SURE.items()}),
)
path_events: st.SearchStrategy[Event] = path_values.map(lambda values: cast("Event", FakeEvent(values, 10)))
_LINKS = st.dictionaries(
    st.sampled_from(("/a", "/a/b", "/r", "/x")),
    st.sampled_from(("/r", "/r/s", "/", "/y", "/a/b")),
    min_size=1,
    max_size=4,
)
_NAMES = st.dictionaries(st.sampled_from(FILES), st.lists(texts, min_size=1, max_size=2).map(tuple), max_size=3)
tables: st.SearchStrategy[PathTables] = st.builds(PathTables, _LINKS, _NAMES)


class _Account:
    """What a path test means, told in another way: by trying every spelling of every constant on every name."""

    def holds(self, test: Test, seen: Event, known: PathTables) -> bool:
        """Whether a test holds for an event."""
        value = test.field.extract(seen)
        origin = test.field.field.kernel_path
        if origin is None or test.op in ("contains", "endswith", "exists"):
            return holds(test, value)
        file = origin.file(seen) if origin.file is not None else None
        values = [*([] if value is None else [value]), *known.files.get(cast("Any", file), ())]
        given = origin.is_given is None or bool(origin.is_given(seen))
        found = [self._matches(test, cast("str", each), known.resolved if given else {}) for each in values]
        return bool(found) and not any(found) if test.op == "!=" else any(found)

    def _matches(self, test: Test, value: str, resolved: dict[str, str] | Any) -> bool:
        """Whether one value is what the constants name (for != too)."""
        op, operand = test.op, cast("Any", test.operand)
        if op in ("=", "!=", "in"):
            written = operand if op == "in" else (operand,)
            return any(value in (text, resolved.get(text, text)) for text in written)
        if op == "startswith":
            return any(value.startswith(text) for text in self._spellings(operand, resolved))
        if op == "glob":
            head = (
                operand.pattern[: operand.pattern.rfind("/")] if set(operand.pattern) & set("*?") else operand.pattern
            )
            while set(head) & set("*?"):
                head = head.rpartition("/")[0]
            also = (
                (resolved[head].rstrip("/") or "") + operand.pattern[len(head) :]
                if head in resolved
                else operand.pattern
            )
            return any(fnmatch.fnmatchcase(value, each or "/") for each in (operand.pattern, also))
        own = [part for part in value.split("/") if part]
        written = [list(prefix) for prefix in operand.prefixes]
        written += [resolved["/" + "/".join(p)].split("/") for p in written if "/" + "/".join(p) in resolved]
        return any(own[: len(parts)] == parts for parts in ([p for p in path if p] for path in written))

    def _spellings(self, prefix: str, resolved: dict[str, str]) -> list[str]:
        found = [prefix]
        for head in {prefix.rstrip("/"), prefix.rpartition("/")[0]} & resolved.keys():
            rest = prefix[len(head) :]
            found.append(rest or "/" if resolved[head] == "/" else resolved[head] + rest)
        return found


PATH_TEXTS = _Account()
