"""Output templates: literals and fields that are filled in from an event, for text and for JSON (0.15's json_evt).

What has a width is padded or cut to exactly that many characters. Outputs always print, with `<NA>` for what has no
value. template_compiler.py makes templates.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING

from falco.fields.container import missing as container_missing
from falco.fields.render import NOTHING, ToJson, ToText

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.fields.field import Extractor

REASON = "container.missing"
"""The key in JSON alerts that says why nothing is known of a container."""


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """One field in a template: key is how JSON alerts name it, width 0 leaves the text as long as it is.

    raw reads the value that json turns into that of JSON alerts. fetched is as of fields.
    """

    key: str
    extract: Extractor
    text: ToText
    raw: Extractor
    json: ToJson
    width: int = 0
    fetched: bool = False


class Template:
    """A compiled output: literals and tokens in turn, beginning and ending with a (perhaps empty) literal."""

    __slots__ = ("_fields", "_parts", "_tokens", "fetches")

    def __init__(self, literals: list[str], tokens: list[Token]) -> None:
        self.fetches = any(token.fetched for token in tokens)
        """Whether any of its fields is fetched."""
        self._parts = [""] * (len(literals) + len(tokens))
        self._parts[::2] = literals
        self._tokens = tuple(
            (2 * index + 1, token.extract, _sized(token.text, token.width), _fit(NOTHING, token.width), token.fetched)
            for index, token in enumerate(tokens)
        )
        by_key = {token.key: token for token in tokens}
        self._fields = tuple((key, by_key[key].raw, by_key[key].json, by_key[key].fetched) for key in sorted(by_key))

    def freeze(self, event: Event) -> Template:
        """The same with the values that the fields have now, but for those that are fetched."""
        frozen = copy.copy(self)
        frozen._tokens = tuple(
            (index, extract if fetched else _always(extract(event)), render, missing, fetched)
            for index, extract, render, missing, fetched in self._tokens
        )
        frozen._fields = tuple(
            (key, raw if fetched else _always(raw(event)), json, fetched) for key, raw, json, fetched in self._fields
        )
        return frozen

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of fields(), sorted."""
        return tuple(key for key, *_ in self._fields)

    def text(self, event: Event) -> str:
        """The output filled in from an event."""
        parts = self._parts.copy()
        for index, extract, render, missing, _ in self._tokens:
            value = extract(event)
            parts[index] = missing if value is None else render(value)
        return "".join(parts)

    def fields(self, event: Event) -> dict[str, object]:
        """Each field's value as JSON has it (str, int, float, bool or None), in the order of the keys.

        Where fields have no value because nothing is known of the container, why that is so comes under REASON.
        """
        values = {key: json(raw(event)) for key, raw, json, _ in self._fields}
        reason = container_missing(event) if self.fetches else ""
        if reason:
            values[REASON] = reason
        return values


def _always(value: object) -> Extractor:
    return lambda _: value


def _fit(text: str, width: int) -> str:
    return text.ljust(width)[:width] if width else text


def _sized(render: ToText, width: int) -> ToText:
    return (lambda value: _fit(render(value), width)) if width else render
