"""What to do about a mistake in YAML: its parser names what it met, not what people most often did."""

from __future__ import annotations

import re

_QUOTES = "quotes around a value that {}"
_BY_WORDS = (
    ("found a tab character", "spaces as indentation"),
    ("found unexpected end of stream", "a closing quote"),
    ("could not find expected ':'", "key: value, or text that goes on to be indented deeper than its key"),
    ("did not find expected '-' indicator", "- in the column of the items above it"),
    ("did not find expected ',' or ']'", ", or ]"),
    ("did not find expected ',' or '}'", ", or }"),
)
"""Words of libyaml's messages, and the advice."""
_KEY = re.compile(r"\s*(?:- +)*[^\s:\"'#][^:\"'#]*$")
"""What stands before the colon of a key that begins a line."""

_NO_BLANK = re.compile(r"\s*-\w+:")


def advice(message: str, line: str, column: int, before: str = "") -> tuple[str, ...]:
    """What was expected instead: for libyaml's message about a column (from 1) of a line; before is the line before.

    Nothing where the message says it all.
    """
    for words, expected in _BY_WORDS:
        if words in message:
            return (expected,)
    if "mapping values are not allowed" in message:
        if _NO_BLANK.match(before):
            return ("a blank behind the - of an item",)
        begins = _KEY.match(line[: column - 1]) is not None
        return ("the indentation of the keys above it" if begins else _QUOTES.format("holds ': '"),)
    if "cannot start any token" in message:
        character = line[column - 1 : column]
        return ("spaces as indentation" if character == "\t" else _QUOTES.format(f"begins with {character}"),)
    if "an alias" in message or "an anchor" in message:
        return (_QUOTES.format("begins with * or &"),)
    if "did not find expected key" in message:
        return (_QUOTES.format("holds ' #', which begins a comment") if " #" in before else "key: value",)
    return ()
