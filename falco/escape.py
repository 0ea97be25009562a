"""Text from outside, made safe for a line of output: it can neither start a new line nor steer a terminal."""

from __future__ import annotations

import re

# C0 but tab, DEL, C1, the two Unicode line separators, the marks that turn the reading direction, and the lone
# surrogates that stand for bytes which are not UTF-8.
UNSAFE = "\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_UNSAFE = re.compile(f"[{UNSAFE}]")
_NAMED = {"\n": "\\n", "\r": "\\r"}


def escape_controls(text: str) -> str:
    r"""The text with every unsafe character spelled out: \n, \x1b, \u2028; an undecodable byte as \xff."""
    # Nothing that can be printed is unsafe, and that is found out sooner.
    return text if text.isprintable() else _UNSAFE.sub(_spell, text)


def blank_controls(text: str) -> str:
    """The text with every unsafe character replaced by one harmless one, so that columns stay where they were."""
    return _UNSAFE.sub("\ufffd", text)


def _spell(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return _NAMED.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
