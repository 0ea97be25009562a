"""Conditions and events for tests of the filter language: fields that read a plain object, and strategies over them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

from hypothesis import strategies as st

from falco.errors import Location
from falco.events.types import ParamType as T
from falco.fields.field import VARIES, Argument, Field, Many, Registry, Scope
from falco.filter.ast import And, BoundField, Comparison, FieldRef, Node, Not, Or, Place, Test, Value, ValueKind
from falco.filter.patterns import Glob, Network, Networks, PathPrefixes

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.events.event import Event

PLACE = Place(Location("rules.yaml", 3, 5), "    condition", 9)


@dataclasses.dataclass
class FakeEvent:
    """An event that is nothing but the values of fields, by name; reads counts how often each was extracted."""

    values: dict[str, object]
    code: int = 0
    hidden: bool = False
    reads: dict[str, int] = dataclasses.field(default_factory=dict)


def event(code: int = 0, **values: object) -> Event:
    """A FakeEvent; `proc_name` in the arguments is the field proc.name."""
    return cast("Event", FakeEvent({name.replace("_", "."): value for name, value in values.items()}, code))


def reader(name: str) -> Callable[[Event], object]:
    """An extractor for FakeEvents."""

    def read(event: Any) -> object:
        event.reads[name] = event.reads.get(name, 0) + 1
        return event.values.get(name)

    return read


def field(name: str, type: T, **options: Any) -> Field:
    """A field that reads FakeEvents."""
    return Field(name, type, name, reader(name), Scope.EVENT, **options)


def by_code(event_type: Any) -> object:
    """The constant of evt.type in these tests: known for codes below 10 that are not generic."""
    return f"type{event_type.code}" if 1 < event_type.code < 10 else VARIES


FIELDS = (
    field("proc.name", T.CHARBUF),
    field("fd.name", T.CHARBUF),
    field("fd.num", T.INT64),
    field("user.uid", T.UINT32),
    field("evt.failed", T.BOOL),
    field("evt.buffer", T.BYTEBUF),
    field("fd.sip", T.IPADDR),
    field("fd.sport", T.PORT),
    field("fd.snet", T.IPNET),
    field("fd.ip", T.IPADDR, many=Many.ENDS),
    field("fd.port", T.PORT, many=Many.ENDS),
    field("fd.net", T.IPNET, many=Many.ENDS),
    field("thread.cpu", T.DOUBLE),
    field("evt.type", T.CHARBUF, constant=by_code),
    Field(
        "proc.aname",
        T.CHARBUF,
        "",
        reader("proc.aname"),
        Scope.PROCESS,
        argument=Argument.OPTIONAL,
        bind=lambda argument: reader(f"proc.aname[{argument}]"),
        many=Many.ANCESTORS,
    ),
    Field(
        "evt.arg",
        T.CHARBUF,
        "",
        argument=Argument.REQUIRED,
        bind=lambda argument: reader(f"evt.arg[{argument}]"),
    ),
)
REGISTRY = Registry("syscall", FIELDS)


def bound(name: str) -> BoundField:
    """A field of FIELDS, bound without argument."""
    found = REGISTRY.get(name)
    assert found is not None
    assert found.extract is not None
    return BoundField(found, None, name, found.extract)


BOUND = {each.name: bound(each.name) for each in FIELDS if each.extract is not None}


def compare(name: str, op: str, operand: object = None) -> Test:
    """A bound comparison of a field of FIELDS."""
    return Test(BOUND[name], op, operand, PLACE)


def comparison(name: str, op: str, *values: str, argument: str | None = None) -> Comparison:
    """A parsed comparison."""
    written = tuple(Value(value, ValueKind.BARE, PLACE) for value in values)
    return Comparison(FieldRef(name, argument, PLACE), op, written, PLACE)


WORDS = ("", "a", "ab", "cat", "Cat", "/etc", "/etc/passwd", "/etcx", "etc//passwd", "é", "\udce9", "bash", "(b")
BYTES = (b"", b"a", b"ab", b"\0\xff", b"/a/b")
ADDRESSES = (b"\x7f\0\0\1", b"\x0a\1\2\3", b"\xff" * 4, b"\0" * 16, b"\x20\1" + b"\0" * 13 + b"\1")
NUMBERS = (-1, 0, 1, 2, 3, 80, 443)
GLOBS = ("*", "a*", "*a", "/etc/*", "?at", "[a-c]*", "*c*t*", "[!a]*", "\\*", "x[", "")
NETWORKS = (
    Network(4, 0x0A000000, 0xFF000000),
    Network(4, 0x7F000001, 0xFFFFFFFF),
    Network(16, 0x2001 << 112, ((1 << 64) - 1) << 64),
)

words, numbers, addresses = st.sampled_from(WORDS), st.sampled_from(NUMBERS), st.sampled_from(ADDRESSES)
buffers, doubles = st.sampled_from(BYTES), st.sampled_from((0.0, 0.5, 99.5))
VALUES: dict[str, st.SearchStrategy[object]] = {
    "proc.name": words,
    "fd.name": words,
    "fd.num": numbers,
    "user.uid": numbers,
    "evt.failed": st.booleans(),
    "evt.buffer": buffers,
    "fd.sip": addresses,
    "fd.sport": numbers,
    "fd.snet": addresses,
    "fd.ip": st.tuples(addresses, addresses),
    "fd.port": st.tuples(numbers, numbers),
    "fd.net": st.tuples(addresses, addresses),
    "thread.cpu": doubles,
    "proc.aname": st.lists(words, max_size=3).map(tuple),
    "evt.type": words,
}
_ORDERS = ("<", "<=", ">", ">=")
_SCALARS: dict[T, st.SearchStrategy[object]] = {
    T.CHARBUF: words,
    T.INT64: numbers,
    T.UINT32: numbers,
    T.PORT: numbers,
    T.BOOL: st.booleans(),
    T.BYTEBUF: buffers,
    T.IPADDR: addresses,
    T.DOUBLE: doubles,
}
_GLOBS = st.sampled_from(GLOBS).map(Glob)
_PREFIXES = st.lists(st.sampled_from(("/", "/etc", "etc/passwd", "/a", "/usr/bin")), max_size=3).map(PathPrefixes.of)
_NETWORK_SETS = st.frozensets(st.sampled_from(NETWORKS), min_size=1).map(Networks)


def _operands(type: T) -> st.SearchStrategy[tuple[str, object]]:
    """(op, operand) for a type, as check.py's table has them."""
    exists = st.just(("exists", None))
    if type is T.IPNET:
        return st.one_of(exists, st.tuples(st.just("in"), _NETWORK_SETS))
    scalar = _SCALARS[type]
    ops = ["=", "!="]
    if type in (T.CHARBUF, T.BYTEBUF):
        ops += ["contains", "startswith", "endswith"]
    if type is T.CHARBUF:
        ops += ["icontains"]
    if type not in (T.BYTEBUF, T.IPADDR):
        ops += _ORDERS
    kinds = [exists, st.tuples(st.sampled_from(ops), scalar), st.tuples(st.just("in"), st.frozensets(scalar))]
    if type is T.IPADDR:
        kinds.append(st.tuples(st.sampled_from(_ORDERS), st.sampled_from(ADDRESSES[:3])))
    if type in (T.CHARBUF, T.BYTEBUF):
        kinds.append(st.tuples(st.just("pmatch"), _PREFIXES))
    if type is T.CHARBUF:
        kinds.append(st.tuples(st.just("glob"), _GLOBS))
    return st.one_of(kinds)


tests: st.SearchStrategy[Node] = st.sampled_from(sorted(BOUND)).flatmap(
    lambda name: _operands(BOUND[name].type).map(lambda pair: compare(name, *pair))
)


def _wider(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(children, min_size=1, max_size=4).map(tuple)
    return st.one_of(several.map(And), several.map(Or), children.map(Not))


conditions: st.SearchStrategy[Node] = st.recursive(tests, _wider, max_leaves=12)
events: st.SearchStrategy[Event] = st.builds(
    lambda values, code: cast("Event", FakeEvent(values, code)),
    st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in VALUES.items()}),
    st.integers(10, 12),
)


@st.composite
def rule_sets(draw: st.DrawFn, max_size: int = 40) -> list[Node]:
    """Conditions that share parts, as rules share macros."""
    pool = draw(st.lists(conditions, min_size=1, max_size=6))
    shared = st.sampled_from(pool)
    own = st.one_of(shared, conditions, st.tuples(shared, conditions).map(And), st.tuples(shared, shared).map(Or))
    also = st.one_of(own, st.tuples(shared.map(Not), own).map(And), st.tuples(own, own, shared).map(And))
    return draw(st.lists(also, min_size=1, max_size=max_size))
