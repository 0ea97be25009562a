"""The comparison operators, one plain function each: value op operand, where the value is there (never None).

Operands are what filter/check.py's table says. Strings compare as the bytes that they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from falco.filter.patterns import Glob, Networks, PathPrefixes
from falco.filter.values import to_bytes

Number = int | float
Text = str | bytes


def ordered(value: Number | Text) -> Number | bytes:
    """What < and > compare: numbers as they are, text as bytes, IPv4 addresses as libsinsp reads them from memory."""
    if isinstance(value, str):
        return to_bytes(value)
    return int.from_bytes(value, "little") if isinstance(value, bytes) else value


def lowered(text: str) -> str:
    """Text with its ASCII letters in lower case, the others untouched."""
    return text.lower() if text.isascii() else to_bytes(text).lower().decode("utf-8", "surrogateescape")


def equal(value: object, operand: object) -> bool:
    return value == operand


def differs(value: object, operand: object) -> bool:
    return value != operand


def less(value: Number | Text, operand: Number | Text) -> bool:
    return _comparable(value, operand) and ordered(value) < ordered(operand)  # type: ignore[operator]


def less_or_equal(value: Number | Text, operand: Number | Text) -> bool:
    return _comparable(value, operand) and ordered(value) <= ordered(operand)  # type: ignore[operator]


def greater(value: Number | Text, operand: Number | Text) -> bool:
    return _comparable(value, operand) and ordered(value) > ordered(operand)  # type: ignore[operator]


def greater_or_equal(value: Number | Text, operand: Number | Text) -> bool:
    return _comparable(value, operand) and ordered(value) >= ordered(operand)  # type: ignore[operator]


def _comparable(value: object, operand: object) -> bool:
    """Whether both are of one kind; addresses of different families are not."""
    return not isinstance(value, bytes) or (isinstance(operand, bytes) and len(value) == len(operand))


def contains(value: Text, operand: Text) -> bool:
    return operand in value  # type: ignore[operator]


def icontains(value: str, operand: str) -> bool:
    return lowered(operand) in lowered(value)


def startswith(value: Text, operand: Text | tuple[Text, ...]) -> bool:
    """A tuple, which filter/fold.py makes of several tests, holds if any of its members does."""
    return value.startswith(operand)  # type: ignore[arg-type]


def endswith(value: Text, operand: Text | tuple[Text, ...]) -> bool:
    return value.endswith(operand)  # type: ignore[arg-type]


def glob(value: str, operand: Glob) -> bool:
    return operand.match(value) is not None


def member(value: object, operand: Container[object] | Networks) -> bool:
    if isinstance(operand, Networks):
        return isinstance(value, bytes) and operand.contains(value)
    return value in operand


def below(value: Text, operand: PathPrefixes) -> bool:
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
    return operand.match(text) is not None


FUNCTIONS: dict[str, Callable[..., bool]] = {
    "=": equal,
    "!=": differs,
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
    "contains": contains,
    "icontains": icontains,
    "startswith": startswith,
    "endswith": endswith,
    "glob": glob,
    "in": member,
    "pmatch": below,
}
"""Operator -> function, for all that compare; `exists` only asks whether there is a value."""
