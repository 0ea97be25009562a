"""What a field is: one declaration that the compiler, the formatter, --list and the reference all read."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from falco.events.types import Format, ParamType

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.events.table import EventType

Extractor = Callable[["Event"], object]
"""Event -> value, None where the field has no value. Text is str (UTF-8, surrogateescape), addresses are packed
bytes (4 or 16), times are ns as int, BYTEBUF is bytes."""


class Scope(enum.Enum):
    """What a field depends on, hence how long a value may be kept.

    PROCESS values change only at exec, clone, set*id, prctl names, setns, chdir, container metadata or an ancestor's
    exec. An unknown scope counts as VOLATILE.
    """

    STATIC = "static"
    EVENT = "event"
    PROCESS = "process"
    THREAD = "thread"
    VOLATILE = "volatile"


class Argument(enum.Enum):
    """Whether a field takes an argument: `proc.aname[2]`, `evt.arg.flags`."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Use(enum.Enum):
    """Where a field may stand: in conditions, in outputs, or in both."""

    BOTH = "both"
    FILTER_ONLY = "filter only"
    PRINT_ONLY = "print only"


class Many(enum.Enum):
    """How a comparison reads a field whose extractor gives a tuple of values.

    ENDS (fd.ip and the like): any value satisfies the operator, but != wants all of them to differ.
    ANCESTORS (proc.aname, proc.apid without index): any value satisfies the operator, != included.
    An empty tuple is no value.
    """

    ONE = "one"
    ENDS = "ends"
    ANCESTORS = "ancestors"


VARIES = object()
"""Field.constant's answer where the value depends on more than the event type."""


@dataclasses.dataclass(frozen=True, slots=True)
class KernelPath:
    """That the constants which a field is compared with are paths, and what the kernel tells of the field's value.

    is_given tells whether the kernel resolved the value, rather than that a caller passed it; None: it always did. file
    gives what the path names as (device, inode), None where the kernel did not tell.
    """

    is_given: Extractor | None = None
    file: Extractor | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field of an event source.

    extract serves fields without argument. bind makes the extractor for a written argument (None where it was left
    out) once, at load, and raises ValueError (a sentence) for a bad one; a field has one of the two, or both when the
    argument is optional. constant gives the value that every event of a type has (None: never a value) or VARIES.
    constant_of makes it for a written argument where it depends on one (evt.arg); fixed() reads whichever is there.
    parse overrides how a written value becomes the compared one(s), and raises ValueError for a bad one. type_of
    gives the type where it depends on the argument (evt.rawarg). compared is what comparisons read where that is not
    what is printed (fd.cip.name: addresses, as parse yields them). equality is the operator that a written = stands
    for (evt.around: <=, on the distance in ns). operators are the allowed ones where the type would allow more (exists
    always is). later marks fields that 0.15 did not have. kernel_path is there for paths that the kernel may have
    resolved.
    """

    name: str
    type: ParamType
    doc: str
    extract: Extractor | None = None
    scope: Scope = Scope.VOLATILE
    format: Format = Format.NA
    argument: Argument = Argument.NONE
    bind: Callable[[str | None], Extractor] | None = None
    use: Use = Use.BOTH
    many: Many = Many.ONE
    constant: Callable[[EventType], object] | None = None
    constant_of: Callable[[str | None], Callable[[EventType], object]] | None = None
    parse: Callable[[str], tuple[object, ...]] | None = None
    type_of: Callable[[str], ParamType] | None = None
    compared: Extractor | None = None
    equality: str = "="
    operators: frozenset[str] | None = None
    later: bool = False
    kernel_path: KernelPath | None = None
    fetched: bool = False

    def fixed(self, event_type: EventType, argument: str | None = None) -> object:
        """The value that every event of a type has, for this written argument (None: never one), or VARIES."""
        constant = self.constant if self.constant_of is None else self.constant_of(argument)
        return VARIES if constant is None else constant(event_type)

    @property
    def category(self) -> str:
        """The part before the first dot, by which --list groups."""
        return self.name.partition(".")[0]


class Registry:
    """The fields of one event source, in --list order; names are unique (ValueError otherwise)."""

    def __init__(self, source: str, fields: Iterable[Field]) -> None:
        self.source = source
        self._by_name: dict[str, Field] = {}
        for field in fields:
            if field.name in self._by_name:
                raise ValueError(f"field declared twice: {field.name}")
            self._by_name[field.name] = field

    def __iter__(self) -> Iterator[Field]:
        return iter(self._by_name.values())

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def get(self, name: str) -> Field | None:
        """The field of exactly this name."""
        return self._by_name.get(name)

    def longest_prefix(self, text: str) -> Field | None:
        """The field with the longest name that text starts with, as output templates and dotted arguments need."""
        for end in range(len(text), 0, -1):
            field = self._by_name.get(text[:end])
            if field is not None:
                return field
        return None
