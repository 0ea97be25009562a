"""Reads fields off events by name, as conditions and outputs do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.fields.field import Field


def read(fields: Iterable[Field], name: str, event: Event, argument: str | None = None) -> object:
    """What outputs print of a field, before it becomes text."""
    field = one(fields, name)
    if argument is None and field.extract is not None:
        return field.extract(event)
    assert field.bind is not None
    return field.bind(argument)(event)


def compared(fields: Iterable[Field], name: str, event: Event) -> object:
    """What conditions compare of a field."""
    field = one(fields, name)
    extract = field.compared or field.extract
    assert extract is not None
    return extract(event)


def one(fields: Iterable[Field], name: str) -> Field:
    """The field of this name."""
    return next(field for field in fields if field.name == name)


def read_all(fields: Iterable[Field], event: Event) -> dict[str, object]:
    """What outputs print of every field that needs no argument."""
    return {field.name: field.extract(event) for field in fields if field.extract is not None}
