"""From a field's name in a condition, with or without an argument, to the field of the registry, bound to it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.errors import Problem, nearest
from falco.fields.field import Argument, Field, Registry, Use
from falco.filter.ast import BoundField

if TYPE_CHECKING:
    from falco.filter.ast import FieldRef, Place

UNKNOWN_FIELD = "unknown-filter"
"""The code of problems that skip-if-unknown-filter forgives."""


class BadFieldError(Exception):
    """A field that cannot be bound, as the problem to report."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def resolve(ref: FieldRef, registry: Registry) -> tuple[Field, str | None]:
    """The field that a reference names and its argument: `evt.arg.flags` is evt.arg with the argument flags.

    BadFieldError if there is none that a condition may use, or if an argument is missing or not taken.
    """
    field, argument = registry.get(ref.name), ref.argument
    if field is None and argument is None:
        field, argument = _dotted(ref.name, registry)
    written = ref.name if ref.argument is None else f"{ref.name}[{ref.argument}]"
    text = f"unknown filter {written}"
    if field is None:
        known = [field.name for field in registry if field.use is not Use.PRINT_ONLY]
        raise BadFieldError(problem_at(text, ref.place, close=nearest(ref.name, known), code=UNKNOWN_FIELD))
    expected = ""
    if field.use is Use.PRINT_ONLY:
        expected = f"a field for conditions; {field.name} can only be printed"
    elif argument is None and field.argument is Argument.REQUIRED:
        expected = f"{field.name}[ARGUMENT] or {field.name}.ARGUMENT"
    elif argument is not None and field.argument is Argument.NONE:
        expected = f"{field.name} without an argument"
    if expected:
        raise BadFieldError(problem_at(text, ref.place, (expected,), code=UNKNOWN_FIELD))
    return field, argument


def bind(field: Field, argument: str | None, ref: FieldRef) -> BoundField:
    """The field with its extractor for the argument; BadFieldError if the argument is bad."""
    key = field.name if argument is None else f"{field.name}[{argument}]"
    extract = field.compared or field.extract
    if argument is not None or extract is None:
        if field.bind is None:
            raise TypeError(f"field {field.name} has neither extract nor bind")
        try:
            extract = field.bind(argument)
            bound = BoundField(field, argument, key, extract)
            _ = bound.type  # What the type depends on may be unknown too.
        except ValueError as error:
            raise BadFieldError(problem_at(str(error), ref.place, code="bad-argument")) from None
    return BoundField(field, argument, key, extract)


def _dotted(name: str, registry: Registry) -> tuple[Field | None, str | None]:
    head, dot, _ = name.rpartition(".")
    while dot:
        field = registry.get(head)
        if field is not None:
            taken = field.argument is not Argument.NONE
            return (field, name[len(head) + 1 :]) if taken else (None, None)
        head, dot, _ = head.rpartition(".")
    return None, None


def problem_at(message: str, place: Place, expected: tuple[str, ...] = (), close: str = "", code: str = "") -> Problem:
    problem = Problem(message, place.location, place.snippet, place.width, expected=expected, nearest=close)
    return dataclasses.replace(problem, code=code)
