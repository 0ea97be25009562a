"""Checking: from a parsed condition to one whose fields have extractors and whose operands have their final types.

| kind of field (filter/values.py) | op                                   | operand                              |
|----------------------------------|--------------------------------------|--------------------------------------|
| every                            | exists                               | None                                 |
| INTEGER BOOL PORT DOUBLE         | = != < <= > >=                       | int, bool, int, float                |
|                                  | in                                   | frozenset of these                   |
| TEXT                             | = != < <= > >= contains icontains    | str                                  |
|                                  | startswith endswith                  | str                                  |
|                                  | glob, pmatch, in                     | Glob, PathPrefixes, frozenset of str |
| BYTES                            | = != contains startswith endswith    | bytes                                |
|                                  | pmatch, in                           | PathPrefixes, frozenset of bytes     |
| ADDRESS                          | = != < <= > >= (only IPv4 is ordered)| bytes, 4 or 16                       |
|                                  | in                                   | frozenset of bytes                   |
| NETWORK                          | in                                   | Networks                             |

What can be written in several ways is bound in one: == is =, a list of one is =, pmatch on other than text is in, and =
or != with a network or with a word that stands for several values become in and (exists and not in). A comparison that
can never hold is `in` with an empty set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from falco.errors import Problem, RulesError
from falco.fields.audit_forms import NO_VALUE
from falco.filter.ast import OPERATORS, And, BoundField, Comparison, FieldRef, Node, Not, Or, Place, Test, Value
from falco.filter.fieldrefs import BadFieldError, bind, problem_at, resolve
from falco.filter.patterns import Glob, Network, Networks, PathPrefixes
from falco.filter.values import KINDS, Kind, parse

if TYPE_CHECKING:
    from falco.fields.field import Registry

MAX_DEPTH = 200
"""How many levels of brackets, not, and, or a condition may have."""
K8S_AUDIT = "k8s_audit"
"""The source whose fields always have a text, NO_VALUE for what is not there, so that only exists asks for it."""
_EQUALITY = frozenset(("=", "!=", "in", "exists"))
_ORDER = frozenset(("<", "<=", ">", ">="))
_NUMERIC = _EQUALITY | _ORDER | {"pmatch"}
_ALLOWED: dict[Kind, frozenset[str]] = {
    Kind.INTEGER: _NUMERIC,
    Kind.BOOL: _NUMERIC,
    Kind.PORT: _NUMERIC,
    Kind.DOUBLE: _NUMERIC,
    Kind.ADDRESS: _NUMERIC,
    Kind.NETWORK: _EQUALITY | {"pmatch"},
    Kind.BYTES: _EQUALITY | {"contains", "startswith", "endswith", "pmatch"},
    Kind.TEXT: frozenset(OPERATORS) - {"=="},
    Kind.NEVER: frozenset(OPERATORS) - {"=="},
}
"""The operators that do not end in an exception of 0.15 when an event comes; the others are load errors here."""
_ALLOWED_K8S_AUDIT = _EQUALITY | {"contains", "startswith"}


def check(node: Node, registry: Registry) -> Node:
    """The bound form of a parsed condition without macros; RulesError with all its problems."""
    checker = Checker(registry)
    bound = checker.check(node)
    if bound is None:
        raise RulesError(checker.problems)
    return bound


class Checker:
    """Checks conditions of one source against its fields, and gathers what is wrong with them in problems.

    Comparisons that several conditions share (those of a macro) are checked once, their fields are bound once.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.problems: list[Problem] = []
        self._fields: dict[tuple[str, str | None], BoundField] = {}
        # The comparison is kept beside its answer so that no other object can get its id.
        self._checked: dict[int, tuple[Comparison, Node | None, tuple[Problem, ...]]] = {}

    def check(self, node: Node) -> Node | None:
        """The bound condition, None if it has problems."""
        before = len(self.problems)
        bound = self._check(node, 1)
        return bound if len(self.problems) == before else None

    def _check(self, node: Node, depth: int) -> Node:
        match node:
            case Comparison():
                return self._comparison(node) or node
            case And(children) | Or(children):
                return type(node)(tuple(self._below(child, depth) for child in children))
            case Not(child):
                return Not(self._below(child, depth))
            case _:
                raise TypeError(f"not a parsed condition without macros: {type(node).__name__}")

    def _below(self, node: Node, depth: int) -> Node:
        if depth < MAX_DEPTH or isinstance(node, Comparison):
            return self._check(node, depth + 1)
        text = f"condition is nested more than {MAX_DEPTH} levels deep"
        self.problems.append(problem_at(text, _place(node), code="too-deep"))
        return node

    def _comparison(self, node: Comparison) -> Node | None:
        known = self._checked.get(id(node))
        if known is None:
            check = _ComparisonCheck(self.registry, self._fields, node)
            known = self._checked[id(node)] = (node, check.bound, tuple(check.problems))
        self.problems += known[2]
        return known[1]


class _ComparisonCheck:
    """One comparison: bound is None if there are problems."""

    def __init__(self, registry: Registry, fields: dict[tuple[str, str | None], BoundField], node: Comparison) -> None:
        self._registry, self._fields, self._node = registry, fields, node
        self.problems: list[Problem] = []
        self.bound = self._bind()

    def _bind(self) -> Node | None:
        node = self._node
        try:
            field = self._field(node.field)
        except BadFieldError as error:
            self.problems.append(error.problem)
            return None
        kind = KINDS.get(field.type)
        if kind is None:
            self._report(f"wrong parameter type {field.type.value} of {field.key}", node.field.place, code="bad-field")
            return None
        op = "=" if node.op == "==" else node.op
        allowed = self._allowed(field, kind)
        if op not in allowed:
            shown = tuple(name for name in OPERATORS if name in allowed)
            self._report(f"'{node.op}' is not supported for {field.key}", node.place, shown, "bad-operator")
            return None
        values = [parsed for value in node.values for parsed in self._values(field, kind, op, value)]
        return None if self.problems else self._test(field, kind, op, values)

    def _report(self, text: str, place: Place, expected: tuple[str, ...] = (), code: str = "") -> None:
        self.problems.append(problem_at(text, place, expected, code=code))

    def _field(self, ref: FieldRef) -> BoundField:
        bound = self._fields.get((ref.name, ref.argument))
        if bound is None:
            field, argument = resolve(ref, self._registry)
            bound = self._fields[ref.name, ref.argument] = bind(field, argument, ref)
        return bound

    def _allowed(self, field: BoundField, kind: Kind) -> frozenset[str]:
        allowed = _ALLOWED_K8S_AUDIT if self._registry.source == K8S_AUDIT else _ALLOWED[kind]
        return allowed if field.field.operators is None else allowed & (field.field.operators | {"exists"})

    def _values(self, field: BoundField, kind: Kind, op: str, value: Value) -> tuple[object, ...]:
        own = field.field.parse
        try:
            parsed = (parse(value.text, field.type),) if own is None else own(value.text)
            if op in _ORDER and kind is Kind.ADDRESS and len(cast("bytes", parsed[0])) != 4:
                raise ValueError("only IPv4 addresses are ordered")
        except ValueError as error:
            self._report(str(error), value.place, (kind.value,) if own is None else (), "bad-value")
            return ()
        return parsed

    def _test(self, field: BoundField, kind: Kind, op: str, values: list[object]) -> Node:
        place = self._node.place
        exists = Test(field, "exists", None, place)
        if op == "exists":
            if self._registry.source != K8S_AUDIT:
                return exists
            return Not(Test(field, "in", frozenset(("", NO_VALUE)), place))
        if kind is Kind.NEVER:
            return _members(field, kind, [], place)
        if op in ("=", "in") or (op == "pmatch" and kind not in (Kind.TEXT, Kind.BYTES)):
            return _members(field, kind, values, place)
        if op == "!=" and (len(values) != 1 or kind is Kind.NETWORK):
            return And((exists, Not(_members(field, kind, values, place))))
        if op == "pmatch":
            return Test(field, op, PathPrefixes.of(_text(value) for value in values), place)
        if op == "glob":
            values = [Glob(_text(value)) for value in values]
        return _any_of(field, op, values, place)


def _place(node: Node) -> Place:
    """Where a parsed condition begins."""
    match node:
        case Comparison(place=place):
            return place
        case Not(child):
            return _place(child)
        case And(children) | Or(children):
            return _place(children[0])
        case _:
            raise TypeError(f"not a parsed condition without macros: {type(node).__name__}")


def _members(field: BoundField, kind: Kind, values: list[object], place: Place) -> Node:
    if field.field.equality != "=" and values:
        return _any_of(field, field.field.equality, values, place)
    if kind is Kind.NETWORK and values:
        return Test(field, "in", Networks(frozenset(cast("list[Network]", values))), place)
    return Test(field, "=", values[0], place) if len(values) == 1 else Test(field, "in", frozenset(values), place)


def _any_of(field: BoundField, op: str, values: list[object], place: Place) -> Node:
    tests = tuple(Test(field, op, value, place) for value in values)
    return tests[0] if len(tests) == 1 else Or(tests)


def _text(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
