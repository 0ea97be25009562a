"""The condition language as data: what the parser yields (syntax) and what checking makes of it (bound).

Syntax nodes keep the words as written; bound nodes hold fields with their extractors and operands with their final
types, and are all that the interpreter, the code generator and later the kernel filter read.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

from falco.fields.field import Many

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.errors import Location
    from falco.events.event import Event
    from falco.events.types import ParamType
    from falco.fields.field import Field


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a token stands: its location, the whole source line, and its width in characters."""

    location: Location
    snippet: str
    width: int = 1


class ValueKind(enum.Enum):
    """How a value was written: only bare words name event types for the inference."""

    NUMBER = "number"
    QUOTED = "quoted"
    BARE = "bare"


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """One right-hand value; text is after unescaping and number normalisation."""

    text: str
    kind: ValueKind
    place: Place


@dataclasses.dataclass(frozen=True, slots=True)
class FieldRef:
    """A field as written: name without its argument, argument None where none was given.

    Both `proc.aname[2]` and `evt.arg.flags` are written forms; the dotted one keeps its whole text in name until
    it is checked against the registry.
    """

    name: str
    argument: str | None
    place: Place


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """field op values; op is one of OPERATORS, values has one member unless op is in or pmatch; none for exists."""

    field: FieldRef
    op: str
    values: tuple[Value, ...]
    place: Place


@dataclasses.dataclass(frozen=True, slots=True)
class MacroRef:
    """The name of a macro, gone after expansion; from_list is the list that brought it into the condition, if any."""

    name: str
    place: Place
    from_list: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Not:
    """Negation; the only thing that turns a missing value round."""

    child: Node


@dataclasses.dataclass(frozen=True, slots=True)
class And:
    """All children hold, tested left to right."""

    children: tuple[Node, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Or:
    """Any child holds, tested left to right."""

    children: tuple[Node, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class BoundField:
    """A field with its argument fixed: key is the canonical text (`proc.aname[2]`) and identifies it in a rule set."""

    field: Field
    argument: str | None
    key: str
    extract: Callable[[Event], object]

    @property
    def type(self) -> ParamType:
        """The type of the values, which may depend on the argument."""
        typed = self.field.type_of
        return self.field.type if typed is None or self.argument is None else typed(self.argument)

    @property
    def many(self) -> Many:
        """How comparisons read the values: an index picks one of several."""
        return self.field.many if self.argument is None else Many.ONE


@dataclasses.dataclass(frozen=True, slots=True)
class Test:
    """A bound comparison. op is one of OPERATORS; operand is of the type filter/check.py says for (field type, op)."""

    field: BoundField
    op: str
    operand: object
    place: Place


Node = Comparison | MacroRef | Test | Not | And | Or

OPERATORS = (
    "=",
    "==",
    "!=",
    "<=",
    ">=",
    "<",
    ">",
    "contains",
    "icontains",
    "glob",
    "startswith",
    "endswith",
    "in",
    "pmatch",
    "exists",
)


def all_of(children: list[Node]) -> Node:
    """The children joined by and; an `and` among them is dissolved, which changes neither result nor order."""
    if len(children) == 1:
        return children[0]
    flat: list[Node] = []
    for child in children:
        flat.extend(child.children if isinstance(child, And) else (child,))
    return And(tuple(flat))


def any_of(children: list[Node]) -> Node:
    """The children joined by or, in the same way."""
    if len(children) == 1:
        return children[0]
    flat: list[Node] = []
    for child in children:
        flat.extend(child.children if isinstance(child, Or) else (child,))
    return Or(tuple(flat))
