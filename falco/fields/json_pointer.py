"""JSON pointers (RFC 6901): reading a value inside a parsed JSON document."""

from __future__ import annotations

import re

MISSING = object()
"""What a pointer yields where the document has no such place."""
_ESCAPES = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def parse(pointer: str) -> tuple[str, ...]:
    """The steps of a written pointer; ValueError if it is none."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"{pointer} is not a JSON pointer: it must start with /")
    if _ESCAPES.search(pointer):
        raise ValueError(f"{pointer} is not a JSON pointer: ~ must be followed by 0 or 1")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def read(document: object, steps: tuple[str, ...]) -> object:
    """The value at the steps, MISSING where there is none."""
    value = document
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return value
