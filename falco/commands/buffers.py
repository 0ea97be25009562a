"""-b: data buffers in base64 instead of text with dots."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events.types import ParamType
from falco.fields.field import Extractor, Field, Registry

if TYPE_CHECKING:
    from falco.events.event import Event


def in_base64(registry: Registry) -> Registry:
    """The same fields, those that hold data as base64 text."""
    return Registry(registry.source, map(_changed, registry))


def _changed(field: Field) -> Field:
    if field.type is not ParamType.BYTEBUF:
        return field
    return dataclasses.replace(
        field,
        type=ParamType.CHARBUF,
        extract=field.extract and _encoded(field.extract),
        bind=field.bind and _encoded_bind(field.bind),
    )


def _encoded(extract: Extractor) -> Extractor:
    def read(event: Event) -> object:
        value = extract(event)
        return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value

    return read


def _encoded_bind(bind: Callable[[str | None], Extractor]) -> Callable[[str | None], Extractor]:
    return lambda argument: _encoded(bind(argument))
