"""Protocol buffers on the wire: fields by number, without a compiler, a schema or a library.

Few messages are read here, and few fields of each. What the wire holds is a row of (number and kind, value); messages
and texts in it are bytes that say how long they are (https://protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Kinds of values on the wire; others are not in use any more."""
_SIZES = {FIXED64: 8, FIXED32: 4}
_MOST_FIELDS = 65536
"""Of one message: more would only be there to keep us busy."""

Message = dict[int, list[int | bytes]]
"""Field number -> its values, in their order."""


class WireError(ValueError):
    """Bytes that are no message."""


def decode(raw: bytes) -> Message:
    """A message's fields. WireError."""
    found: Message = {}
    at, count = 0, 0
    while at < len(raw):
        key, at = _varint(raw, at)
        value, at = _value(raw, at, key & 7)
        found.setdefault(key >> 3, []).append(value)
        count += 1
        if count > _MOST_FIELDS:
            raise WireError("a message has too many fields")
    return found


def _value(raw: bytes, at: int, kind: int) -> tuple[int | bytes, int]:
    if kind == VARINT:
        return _varint(raw, at)
    if kind == BYTES:
        size, at = _varint(raw, at)
    elif kind in _SIZES:
        size = _SIZES[kind]
    else:
        raise WireError(f"a value of the unknown kind {kind}")
    if size > len(raw) - at:
        raise WireError(f"a value of {size} bytes where {len(raw) - at} are left")
    return raw[at : at + size], at + size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(raw) or shift > 63:
            raise WireError("a number without an end")
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7


def text(message: Message, number: int) -> str:
    """A text; the last one counts, as ever. Empty if there is none."""
    value = message.get(number, (b"",))[-1]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def integer(message: Message, number: int) -> int:
    """A number, 0 if there is none."""
    value = message.get(number, (0,))[-1]
    return value if isinstance(value, int) else 0


def inner(message: Message, number: int) -> Message:
    """A message in the message, empty if there is none. WireError."""
    value = message.get(number, (b"",))[-1]
    return decode(value) if isinstance(value, bytes) else {}


def each(message: Message, number: int, most: int) -> Iterator[Message]:
    """Messages in the message, so many at most. WireError."""
    for value in message.get(number, ())[:most]:
        if isinstance(value, bytes):
            yield decode(value)


def mapping(message: Message, number: int, most: int) -> dict[str, str]:
    """A map of texts to texts. WireError."""
    return {text(pair, 1): text(pair, 2) for pair in each(message, number, most)}


def encode(*fields: tuple[int, str | int | bytes]) -> bytes:
    """A message of these fields: (number, value); messages in it are bytes."""
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts.append(_as_varint(number << 3 | VARINT) + _as_varint(value))
        else:
            raw = value.encode() if isinstance(value, str) else value
            parts.append(_as_varint(number << 3 | BYTES) + _as_varint(len(raw)) + raw)
    return b"".join(parts)


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
