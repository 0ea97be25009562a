"""Event data as text where no state is needed: numbers, flags, errors, signals, bytes, durations.

The forms are those that libsinsp prints (event.cpp), because users' rules compare them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from falco.events.decode import signed, unsigned
from falco.events.flags import ERRNO, SIGNALS, FlagTable, flag_names
from falco.events.types import Format, ParamType

NULL = "NULL"
"""How an empty parameter is printed."""
_ERRORS: dict[int, str] = ERRNO
_SIGNALS: dict[int, str] = SIGNALS
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DOTS = bytes(byte if 32 <= byte < 127 else ord(".") for byte in range(256))
_BITS = {
    **dict.fromkeys((ParamType.INT8, ParamType.UINT8), 8),
    **dict.fromkeys((ParamType.INT16, ParamType.UINT16), 16),
    **dict.fromkeys((ParamType.INT32, ParamType.UINT32), 32),
    **dict.fromkeys((ParamType.INT64, ParamType.UINT64), 64),
}
INTEGERS = frozenset(_BITS)
_SIGNED = frozenset((ParamType.INT8, ParamType.INT16, ParamType.INT32, ParamType.INT64))
_PRINTED_SIGNED = _SIGNED | {ParamType.UINT32, ParamType.UINT64}
_EXACT = frozenset((ParamType.ENUMFLAGS8, ParamType.ENUMFLAGS16, ParamType.ENUMFLAGS32))
_MEMO_SIZE = 4096
_MICROSECOND, _MILLISECOND, _SECOND = 1_000, 1_000_000, 1_000_000_000
_MINUTE, _HOUR = 60 * _SECOND, 3600 * _SECOND


def printable(text: str) -> str:
    """The text without control characters, so that a name can neither end a line nor steer a terminal."""
    return text if text.isprintable() else _CONTROL.sub("", text)


def dots(raw: bytes) -> str:
    """Bytes with everything but printable ASCII replaced by dots."""
    return raw.translate(_DOTS).decode("ascii")


def errno_name(value: int) -> str:
    """The name of a negative result (-2: ENOENT), '' if it is none."""
    return _ERRORS.get(-value, "") if value < 0 else ""


def signal_name(number: int) -> str:
    """The name of a signal, '' if it has none."""
    return _SIGNALS.get(number, "")


def signal_set(mask: int) -> str:
    """The names of the signals in a mask (bit 0 is signal 1), separated by spaces."""
    return " ".join(name for bit in range(32) if mask >> bit & 1 and (name := signal_name(bit + 1)))


def integer(kind: ParamType, form: Format) -> Callable[[bytes], str]:
    """How an integer parameter prints: upper-case hexadecimal, octal with a leading 0, else decimal.

    The 32 and 64 bit ones print signed in decimal even where they are unsigned, so "no id" reads -1.
    """
    bits = _BITS[kind]
    mask = (1 << bits) - 1
    if form is Format.HEX:
        return lambda raw: f"{unsigned(raw) & mask:X}"
    if form is Format.OCT:
        return lambda raw: octal(unsigned(raw) & mask)
    if kind in _SIGNED:
        return lambda raw: str(signed(raw))
    if kind in _PRINTED_SIGNED:
        return lambda raw: str(as_signed(unsigned(raw), bits))
    return lambda raw: str(unsigned(raw))


def octal(value: int) -> str:
    """A mode as C prints it: 0644, and 0 for zero."""
    return f"0{value:o}" if value else "0"


def as_signed(value: int, bits: int) -> int:
    """An unsigned value of so many bits read as two's complement."""
    return value - (1 << bits) if value >> (bits - 1) == 1 else value


def flags(kind: ParamType, table: FlagTable | None) -> Callable[[int], str]:
    """A value's names joined by `|`, '' where none fits; an enumeration only names what equals the whole value."""
    if table is None:
        return lambda _value: ""
    memo: dict[int, str] = {}

    def names(value: int) -> str:
        found = memo.get(value)
        if found is None:
            if len(memo) >= _MEMO_SIZE:
                memo.clear()
            exact = kind in _EXACT
            parts = [name for name, bits in table if bits == value] if exact else flag_names(table, value)
            found = memo[value] = "|".join(parts)
        return found

    return names


def seconds(ns: int) -> str:
    """A duration in seconds with six significant digits: 0.25s."""
    return f"{ns / _SECOND:g}s"


def duration(ns: int) -> str:
    """A duration for people, with the unit that fits: 1.23us, 45ms, 1:30, 02:00:00."""
    if ns >= _HOUR:
        return f"{ns // _HOUR:02d}:{ns // _MINUTE % 60:02d}:{ns // _SECOND % 60:02d}"
    if ns >= _MINUTE:
        return f"{ns // _MINUTE}:{ns // _SECOND % 60}"
    if ns >= _SECOND:
        return f"{ns // _SECOND}.{ns % _SECOND // 10_000_000:02d}s"
    for unit, name in ((_MILLISECOND, "ms"), (_MICROSECOND, "us")):
        if ns >= 10 * unit:
            return f"{ns // unit}{name}"
        if ns >= unit:
            return f"{ns // unit}.{ns % unit * 100 // unit:02d}{name}"
    return f"{ns}ns"
