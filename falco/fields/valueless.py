"""Fields that are declared because rules written for Falco name them, and that never have a value here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.types import Format, ParamType
from falco.fields.field import Argument, Extractor, Field, Scope

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.events.table import EventType


def no_value(_event: Event) -> object:
    """The extractor of a field that has no value on any event."""
    return None


def never(_event_type: EventType) -> object:
    """The constant of a field that has no value on any event: compilers fold every test of it to false."""
    return None


def valueless(
    name: str,
    doc: str,
    argument: Argument = Argument.NONE,
    type: ParamType = ParamType.CHARBUF,
    format: Format = Format.NA,
) -> Field:
    """A field of this name and type without values; a required argument may be any word."""
    takes = argument is not Argument.NONE
    return Field(
        name,
        type,
        doc,
        extract=no_value if argument is not Argument.REQUIRED else None,
        bind=_bind if takes else None,
        scope=Scope.STATIC,
        format=format,
        argument=argument,
        constant=never,
    )


def _bind(_argument: str | None) -> Extractor:
    return no_value
