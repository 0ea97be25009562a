"""How a setting is declared, and what kinds of values there are: written scalars and what they become."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from falco.priority import Priority

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
_TOO_LARGE = 1 << 63
"""For a whole number; what fits is a float too."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """How a written scalar becomes a value. parse raises ValueError for text that is none of expected.

    items makes the setting a list; a lone scalar then counts as a list of one, as in 0.15.
    """

    expected: tuple[str, ...]
    parse: Callable[[str], object]
    items: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """What reading needs to know of a dataclass field besides its name and default."""

    kind: Kind
    doc: str
    without_file: object


def setting(kind: Kind, default: T, doc: str, without_file: T | None = None) -> T:
    """Declare a setting; its value where no file exists is without_file, or else default."""
    declared = Setting(kind, doc, default if without_file is None else without_file)
    field: T = dataclasses.field(default=default, metadata={"setting": declared})
    return field


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in ("true", "yes", "on", "y"):
        return True
    if word in ("false", "no", "off", "n"):
        return False
    raise ValueError(text)


def _natural(text: str) -> int:
    number = int(text, 0) if text.lower().startswith("0x") else int(text, 10)
    if not 0 <= number < _TOO_LARGE or "_" in text:
        raise ValueError(text)
    return number


def _port(text: str) -> int:
    number = _natural(text)
    if not 0 < number < 65536:
        raise ValueError(text)
    return number


def _amount(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf") or "_" in text:
        raise ValueError(text)
    return number


def _severity(text: str) -> Priority:
    # 0.15 documents "info" for both settings, and takes it for one and "informational" for the other.
    word = "informational" if text.lower() == "info" else text.lower()
    for priority in Priority:
        if word == priority.name.lower():
            return priority
    raise ValueError(text)


def word_of(*words: str, items: bool = False) -> Kind:
    """A word out of these; or with items a list of them."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return Kind(words, parse, items=items)


def _text(text: str) -> str:
    # No file, program or host can have it in its name, and the calls that take them raise errors of their own.
    if "\0" in text:
        raise ValueError(text)
    return text


def _pair(text: str) -> str:
    _text(text)
    if not text.partition("=")[1] or text.startswith("="):
        raise ValueError(text)
    return text


BOOLEAN = Kind(("true", "false"), _boolean)
NATURAL = Kind(("a whole number, 0 or more",), _natural)
PORT = Kind(("a port number, 1 to 65535",), _port)
AMOUNT = Kind(("a number, 0 or more",), _amount)
TEXT = Kind(("text",), _text)
PATHS = Kind(("a path or a list of paths",), _text, items=True)
TEXTS = Kind(("text or a list of texts",), _text, items=True)
PAIRS = Kind(("NAME=VALUE or a list of them",), _pair, items=True)
SEVERITY = Kind(tuple(p.name.lower() for p in Priority), _severity)


def settings(section: type[DataclassInstance]) -> dict[str, Setting | type[DataclassInstance]]:
    """The keys of a section: a Setting each, or the class of the section below."""
    declared: dict[str, Setting | type[DataclassInstance]] = {}
    for field in dataclasses.fields(section):
        declared[field.name] = field.metadata.get("setting") or type(field.default)  # type: ignore[assignment]
    return declared
