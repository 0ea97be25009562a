"""Python expressions for canonical conditions: the common operators inline, every rule text as a bound constant.

An expression reads a field's value from a local variable, and fills that variable where it may still be empty. Which
variables are surely filled is followed along the paths that and/or/not take.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable

from falco.fields.field import Many
from falco.filter.ast import And, BoundField, Node, Not, Or, Test
from falco.filter.operators import FUNCTIONS
from falco.filter.patterns import Glob, Networks, PathPrefixes
from falco.filter.values import KINDS, Kind

EMPTY = "..."
"""What an unfilled variable holds; no extractor yields it."""
LINE = 100
"""Expressions longer than this are broken at their ands and ors."""

Known = frozenset[str]
"""Keys of the fields whose variables are surely filled."""


class Names:
    """The names that generated code uses, and in namespace what those of constants and extractors stand for.

    meanings says for each constant what of the rules it came from.
    """

    def __init__(self) -> None:
        self.namespace: dict[str, object] = {}
        self.meanings: dict[str, object] = {}
        self._constants: dict[tuple[object, ...], str] = {}
        self._fields: dict[str, str] = {}

    def constant(self, value: object) -> str:
        """The name of a hashable constant; equal ones of one type share it."""
        return self._name((type(value), value), value, value)

    def stand_in(self, use: object, meaning: object) -> str:
        """The name of an object that code uses for a hashable meaning, such as the match function of a pattern."""
        return self._name((type(use), type(meaning), meaning), use, meaning)

    def _name(self, key: tuple[object, ...], value: object, meaning: object) -> str:
        name = self._constants.get(key)
        if name is None:
            name = self._constants[key] = f"c{len(self._constants)}"
            self.namespace[name], self.meanings[name] = value, meaning
        return name

    def value(self, field: BoundField) -> str:
        """The local variable of a field's value."""
        return "v_" + self._field(field)

    def extractor(self, field: BoundField) -> str:
        """The global name of a field's extractor."""
        name = "x_" + self._field(field)
        self.namespace[name] = field.extract
        return name

    def _field(self, field: BoundField) -> str:
        name = self._fields.get(field.key)
        if name is None:
            name = re.sub(r"\W", "_", field.field.name, flags=re.ASCII)
            # The argument is the user's text, so a number stands for it.
            if field.argument is not None or name in self._fields.values():
                name = f"{name}_{len(self._fields)}"
            self._fields[field.key] = name
        return name


@dataclasses.dataclass(frozen=True, slots=True)
class Expression:
    """A Python expression; if_true and if_false are the fields that are filled once it turned out so."""

    text: str
    if_true: Known
    if_false: Known


class Expressions:
    """Writes the expressions of one function.

    shared are nodes (by id) with a variable each. Those in computed hold their value already; the others are computed
    on their first use. lazy collects the variables that must be emptied before the function begins.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.shared: dict[int, str] = {}
        self.computed: set[int] = set()
        self.lazy: dict[str, None] = {}
        self._touched: set[str] = set()
        self._surely: Known = frozenset()

    def filled(self, field: BoundField, surely: bool) -> None:
        """Note that the function fills a field's variable by a statement of its own, surely or perhaps."""
        self._touched.add(field.key)
        if surely:
            self._surely |= {field.key}

    def compute(self, node: Node, known: Known) -> str:
        """The expression for a shared node's variable, which later expressions then take as computed."""
        text = self._write(node, known | self._surely, "    ").text
        self.computed.add(id(node))
        return text

    def all_of(self, nodes: tuple[Node, ...], known: Known) -> Expression:
        """The expression for the and of canonical nodes, fit to stand beside another and; an empty text for none."""
        known |= self._surely
        return self._chain("and", nodes, known, "    ") if nodes else Expression("", known, known)

    def write(self, node: Node, known: Known, indent: str = "    ") -> Expression:
        """The expression for a canonical node."""
        name = self.shared.get(id(node))
        if name is None:
            return self._write(node, known, indent)
        if id(node) in self.computed:
            return Expression(name, known, known)
        inner = self._write(node, known, indent)
        self.lazy[name] = None
        text = f"({name} if {name} is not {EMPTY} else ({name} := ({inner.text})))"
        return Expression(text, inner.if_true, inner.if_false)

    def _write(self, node: Node, known: Known, indent: str) -> Expression:
        match node:
            case Test():
                return self._test(node, known)
            case And(children):
                return self._chain("and", children, known, indent)
            case Or(children):
                return self._chain("or", children, known, indent)
            case Not(child):
                inner = self.write(child, known, indent + "    ")
                return Expression(f"not ({inner.text})", inner.if_false, inner.if_true)
            case _:
                raise TypeError(f"not a bound condition: {type(node).__name__}")

    def _chain(self, word: str, children: tuple[Node, ...], known: Known, indent: str) -> Expression:
        """The children joined by and/or: each is reached only when those before it left the matter open."""
        texts: list[str] = []
        reached, left = known, []
        for child in children:
            part = self.write(child, reached, indent + "    ")
            texts.append(f"({part.text})" if self._is_bracketed(child) else part.text)
            reached, other = (part.if_true, part.if_false) if word == "and" else (part.if_false, part.if_true)
            left.append(other)
        ended = frozenset.intersection(*left)
        text = f" {word} ".join(texts)
        if len(text) > LINE or "\n" in text:
            text = f"\n{indent}{word} ".join(texts)
        return Expression(text, reached, ended) if word == "and" else Expression(text, ended, reached)

    def _is_bracketed(self, node: Node) -> bool:
        return isinstance(node, And | Or) and id(node) not in self.shared

    def _test(self, test: Test, known: Known) -> Expression:
        field = test.field
        value = self.names.value(field)
        text = (_text_one if field.many is Many.ONE else _text_many)(
            self.names, test, self._access(field, known, value), value
        )
        filled = known | {field.key}
        return Expression(text, filled, filled)

    def _access(self, field: BoundField, known: Known, value: str) -> str:
        """An expression for the field's value that leaves it in its variable."""
        if field.key in known:
            return value
        fill = f"({value} := {self.names.extractor(field)}(event))"
        if field.key not in self._touched:
            self._touched.add(field.key)
            return fill
        self.lazy[value] = None
        return f"({value} if {value} is not {EMPTY} else {fill})"


_ORDERS = ("<", "<=", ">", ">=")


def _text_one(names: Names, test: Test, first: str, value: str) -> str:
    """The test of a field with one value, which `first` yields (None if missing) and leaves in the variable `value`."""
    op, operand = test.op, test.operand
    if op == "exists":
        return f"{first} is not None"
    if isinstance(operand, bool) and op == "=":
        return first if operand else f"{first} is not None and not {value}"
    if op == "=":
        return f"{first} == {names.constant(operand)}"
    if op == "in" and not isinstance(operand, Networks):
        return f"{first} in {names.constant(operand)}"
    return f"{first} is not None and {_text_present(names, test, value)}"


def _text_present(names: Names, test: Test, value: str) -> str:
    """The test of a value that is there."""
    op, operand = test.op, test.operand
    if isinstance(operand, Networks):
        return f"{names.stand_in(operand.answers, operand)}[{value}]"
    if op == "!=":
        return f"{value} != {names.constant(operand)}"
    if op == "contains":
        return f"{names.constant(operand)} in {value}"
    if op in ("startswith", "endswith"):
        return f"{value}.{op}({names.constant(operand)})"
    if op in _ORDERS and isinstance(operand, int | float):
        return f"{value} {op} {names.constant(operand)}"
    if isinstance(operand, Glob) or (isinstance(operand, PathPrefixes) and KINDS[test.field.type] is Kind.TEXT):
        return f"{names.stand_in(operand.match, operand)}({value})"
    return f"{names.stand_in(FUNCTIONS[op], op)}({value}, {names.constant(operand)})"


def _text_many(names: Names, test: Test, first: str, value: str) -> str:
    """The test of a field with a tuple of values, of which none is no value."""
    op, operand = test.op, test.operand
    if op == "exists":
        return first
    if op == "=":
        return f"{first} and {names.constant(operand)} in {value}"
    if op == "!=" and test.field.many is Many.ENDS:
        return f"{first} and {names.constant(operand)} not in {value}"
    if op == "in" and isinstance(operand, frozenset):
        return f"{first} and not {names.stand_in(operand.isdisjoint, operand)}({value})"
    return f"{first} and {names.stand_in(_any(FUNCTIONS[op], operand), (op, operand))}({value})"


def _any(function: Callable[..., bool], operand: object) -> Callable[[Iterable[object]], bool]:
    return lambda values: any(function(value, operand) for value in values)
