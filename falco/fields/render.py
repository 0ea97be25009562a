"""Field values as text and as JSON values; how is chosen once, by the field's type and format.

As text (sinsp_filter_check::rawval_to_string): numbers in decimal unless the format says hexadecimal (upper case, no
0x), octal or padded to nine digits; times in ns; bytes with dots for what cannot be printed; text as it is, control
characters included, because who makes a line of it escapes them. As JSON, numbers stay numbers unless they are shown
in another base, and text is free of lone surrogates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from falco.events.decode import Dyn, SockAddr, SockTuple
from falco.events.text import as_signed, dots, octal, printable
from falco.events.types import Format, ParamType
from falco.state.network import address_text, endpoint
from falco.state.sockets import unix_name

ToText = Callable[[object], str]
ToJson = Callable[[object], object]
NOTHING = "<NA>"
"""What outputs print where a field has no value."""

_T = ParamType
_TEXTS = frozenset((_T.CHARBUF, _T.FSPATH, _T.FSRELPATH))
_ADDRESSES = frozenset((_T.IPV4ADDR, _T.IPV6ADDR, _T.IPADDR, _T.IPV4NET, _T.IPV6NET, _T.IPNET))
_BITS = {
    **dict.fromkeys((_T.INT8, _T.UINT8, _T.FLAGS8, _T.ENUMFLAGS8), 8),
    **dict.fromkeys((_T.INT16, _T.UINT16, _T.FLAGS16, _T.ENUMFLAGS16), 16),
    **dict.fromkeys((_T.INT32, _T.UINT32, _T.FLAGS32, _T.ENUMFLAGS32, _T.MODE, _T.UID, _T.GID), 32),
}
_BASED = frozenset((Format.HEX, Format.OCT))
_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Surrogates that do not stand for a byte (those from U+DC80 to U+DCFF do)."""
_SIGNED_64 = frozenset((_T.UINT64,))


def to_text(type: ParamType, format: Format, *, clean: bool = False) -> ToText:
    """How a value of this type (never None) is printed; clean leaves control characters out of text."""
    if type in _TEXTS:
        return _clean_text if clean else str
    if type in _ADDRESSES:
        return _address
    if type is _T.BYTEBUF:
        return _bytes
    if type is _T.BOOL:
        return _bool
    if type is _T.DOUBLE:
        return _double
    return _number(type, format)


def to_json(type: ParamType, format: Format, *, clean: bool = False) -> ToJson:
    """How a value of this type (None included) stands in JSON alerts: str, int, float, bool or None."""
    text = to_text(type, format, clean=clean)
    if type in _TEXTS or type in _ADDRESSES or type is _T.BYTEBUF or format in _BASED:
        return lambda value: None if value is None else _valid(text(value))
    if type is _T.BOOL:
        return lambda value: None if value is None else bool(value)
    return lambda value: value if value is None or isinstance(value, int | float) else _valid(text(value))


def _valid(text: str) -> str:
    if text.isascii():
        return text
    # JSON in a capture can name any surrogate; those of bytes that are no UTF-8 become these bytes again.
    text = _NO_BYTES.sub("\ufffd", text)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _clean_text(value: object) -> str:
    return printable(str(value))


def _address(value: object) -> str:
    return address_text(cast("bytes", value))


def _bytes(value: object) -> str:
    return dots(cast("bytes", value))


def _bool(value: object) -> str:
    return "true" if value else "false"


def _double(value: object) -> str:
    return f"{value:.1f}"


def _number(type: ParamType, format: Format) -> ToText:
    mask = (1 << _BITS.get(type, 64)) - 1
    if format is Format.HEX:
        return lambda value: f"{value & mask:X}" if isinstance(value, int) else _structure(value)
    if format is Format.OCT:
        return lambda value: octal(value & mask) if isinstance(value, int) else _structure(value)
    if format is Format.TEN_PADDED:
        return lambda value: f"{value:09d}" if isinstance(value, int) else _structure(value)
    if type in _SIGNED_64:
        # "No id" of a 64-bit field reads -1, as libsinsp prints it.
        return lambda value: str(as_signed(value, 64)) if isinstance(value, int) else _structure(value)
    return lambda value: str(value) if isinstance(value, int) else _structure(value)


def _structure(value: object) -> str:
    """Values of evt.rawarg that are no numbers; 0.15 cannot print them."""
    if isinstance(value, SockAddr):
        return endpoint(value.address, value.port) if value.address else printable(value.path)
    if isinstance(value, SockTuple):
        if not value.source:
            return printable(unix_name(value))
        ends = (value.source, value.source_port), (value.destination, value.destination_port)
        return "->".join(endpoint(*end) for end in ends)
    if isinstance(value, Dyn):
        return value.raw.hex()
    if isinstance(value, bytes):
        return dots(value)
    if isinstance(value, list):
        return " ".join(f"{fd}:{flags:x}" for fd, flags in value)
    return printable(str(value))
