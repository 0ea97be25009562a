"""The words of a condition. What a word is depends on where it stands (a value may hold nearly anything), so the
parser asks for the next one of a kind instead of being handed a stream.

Blanks are the six of the C locale; letters and digits are ASCII's, as in 0.15's grammar (engine/lua/parser.lua).
"""

from __future__ import annotations

import decimal
import re

from falco.filter.ast import ValueKind

BLANKS = " \t\n\v\f\r"
_SKIP = rf"[{BLANKS}]*"
_IDENT = r"[A-Za-z_][A-Za-z0-9_]*"
_END = r"(?![A-Za-z0-9_])"

ATOM = re.compile(
    rf"{_SKIP}(?:(?P<open>\()|(?P<keyword>not|and|or)(?![A-Za-z0-9_.])"
    rf"|(?P<field>{_IDENT}(?:\.{_IDENT})+)(?:\[(?P<index>[^\][(),='\"{BLANKS}]+)\])?|(?P<name>{_IDENT})(?![A-Za-z0-9_.]))"
)
"""What a test begins with: a bracket, `not`, a field with an index or without, or the name of a macro."""

OPERATOR = re.compile(
    rf"{_SKIP}(?P<operator>(?:exists|in|pmatch){_END}|==|!=|<=|>=|[=<>]|i?contains|glob|startswith|endswith)"
)
"""Operators that are words need no blank behind them, except exists, in and pmatch: `contains/etc` is legal."""

VALUE = re.compile(
    rf"{_SKIP}(?:"
    r'"(?P<double>[^"\\]*(?:\\.[^"\\]*)*)"|'
    r"'(?P<single>[^'\\]*(?:\\.[^'\\]*)*)'|"
    rf"(?P<bare>[^(),={BLANKS}]+))",
    re.DOTALL,
)
"""A quoted text, or a word; a quote that is never closed begins an ordinary word."""

CONNECTIVE = re.compile(rf"{_SKIP}(?P<word>and|or){_END}")
OPEN = re.compile(rf"{_SKIP}\(")
CLOSE = re.compile(rf"{_SKIP}\)")
COMMA = re.compile(rf"{_SKIP},")
SKIP = re.compile(_SKIP)
HIDDEN = re.compile(r"[^\S \t\n\v\f\r]|[\u200b-\u200f\u2060\ufeff]")
"""What looks like a blank, or like nothing, and is an ordinary character of words."""
END_OF_TEST = re.compile(rf"{_SKIP}(?:(?:and|or){_END}|\)|\Z)")
RESUME = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"|'
    r"'[^'\\]*(?:\\.[^'\\]*)*'|(?P<unclosed>[\"'])|"
    rf"(?<![^(){BLANKS}])(?P<test>(?:and|or|AND|OR|&&|\|\|)[({BLANKS}](?:[({BLANKS}]|not(?=[({BLANKS}]))*)",
    re.DOTALL,
)
"""A quoted text; a quote that is never closed; or `and` or `or`, or what is often written instead, with all that may
stand before the next test."""
WORD = re.compile(rf"{_IDENT}(?:\.{_IDENT})*|[0-9][^(),={BLANKS}]*|[!&|~]+|.", re.DOTALL)
"""What an error shows of the text that it did not expect."""

_NUMBER = re.compile(
    r"(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+(?:[eE][+-]?[0-9]+)?)"
)
_NUMBER_THEN_KEYWORD = re.compile(_NUMBER.pattern + r"(?=(?:and|or)\Z)")
_ESCAPES = (
    ("\\a", "\a"),
    ("\\b", "\b"),
    ("\\f", "\f"),
    ("\\n", "\n"),
    ("\\r", "\r"),
    ("\\t", "\t"),
    ("\\v", "\v"),
    ("\\\n", "\n"),
    ("\\\r", "\n"),
    ("\\'", "'"),
    ('\\"', '"'),
    ("\\\\", "\\"),
)
_EXACT = 1e20
"""Below this, whole numbers in e-notation are written out exactly."""


def unescape(text: str) -> str:
    r"""What stands between quotes, with 0.15's escapes: one replacement after the other over the whole text.

    A backslash does not protect the next one, so both `\n` and `\\n` are a line end (engine/lua/parser.lua, fix_str).
    """
    if "\\" in text:
        for written, meant in _ESCAPES:
            text = text.replace(written, meant)
    return text


def bare_value(word: str, *, in_list: bool) -> tuple[str, ValueKind, int]:
    """The text of a bare word, its kind, and how many characters of the word are the value.

    That is all of it, but `1and` outside lists is the number 1 before a keyword, as in 0.15.
    """
    if word[0] not in "0123456789.":
        return word, ValueKind.BARE, len(word)
    if _NUMBER.fullmatch(word):
        return number(word), ValueKind.NUMBER, len(word)
    split = None if in_list else _NUMBER_THEN_KEYWORD.match(word)
    if split:
        return number(split.group()), ValueKind.NUMBER, split.end()
    return word, ValueKind.BARE, len(word)


def number(word: str) -> str:
    """A number as 0.15 prints it again (0x10 is 16, 010 is 10, 1e3 is 1000), but whole numbers keep every digit."""
    if word.isdigit():
        return word.lstrip("0") or "0"
    if word[:2] in ("0x", "0X"):
        # Python refuses to print integers of thousands of digits; no field holds more than 64 bits anyway.
        return str(int(word, 16)) if len(word) < 1000 else word
    value = float(word)
    if value.is_integer() and 0 < value < _EXACT:
        exact = decimal.Decimal(word)
        if exact == exact.to_integral_value():
            return str(int(exact))
    return format(value, ".14g")
