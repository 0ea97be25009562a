"""What stood where something else was expected, and what was most likely meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco import errors
from falco.errors import Problem
from falco.filter import lexer
from falco.filter.ast import OPERATORS, MacroRef
from falco.filter.mistakes import ConditionSyntaxError, nearest_word, shown_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from falco.filter.ast import Comparison, Place
    from falco.filter.source import Text

ATOM = ("not", "(", "a field", "a macro")
EXPECTED_OPERATORS = tuple(operator for operator in OPERATORS if operator != "==")
ASCII_QUOTES = "\"'"


class Reading:
    """How far a condition is read: at is the index in text, tests are those that were read, from left to right.

    last_value is where the value of the last test stands that is no list, open_quote where a quote begins that never
    ends. macros are all names of macros, in order.
    """

    def __init__(self, source: Text, known_fields: Iterable[str]) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.known_fields = known_fields
        self.open_quote: int | None = None
        self.last_value: tuple[int, int] | None = None
        self.tests: list[Comparison | MacroRef] = []
        self.macros: list[MacroRef] = []

    def peek(self) -> int:
        """Where the next word begins."""
        match = lexer.SKIP.match(self.text, self.at)
        return match.end() if match else self.at

    def error(
        self, message: str, start: int, length: int = 1, expected: tuple[str, ...] = (), near: str = ""
    ) -> ConditionSyntaxError:
        """The error about length characters of text from start on."""
        # At the end of the text the caret goes behind the last word rather than on the line end of a block.
        start = start if start < len(self.text) else len(self.text.rstrip(lexer.BLANKS))
        listed = self.source.list_at(start)
        place = listed[1] if listed else self.source.place(start, start + max(1, length))
        return self.error_at(place, message, expected, near, start)

    def error_at(
        self, place: Place, message: str, expected: tuple[str, ...], near: str, start: int | None = None
    ) -> ConditionSyntaxError:
        """The error about a place; reading may go on behind start, or else behind what has been read."""
        problem = Problem(message, place.location, place.snippet, place.width, "", expected, near, code="syntax")
        return ConditionSyntaxError(problem, self.at if start is None else start)


def unexpected(reading: Reading, expected: tuple[str, ...], opened: int | None = None) -> ConditionSyntaxError:
    """The error about what follows, where one of expected should; opened is where a bracket stands that it closes.

    A test that was meant otherwise is taken off reading.tests.
    """
    if reading.open_quote is not None:
        return _not_a_quote(reading, reading.open_quote)
    start = reading.peek()
    match = lexer.WORD.match(reading.text, start)
    word = match.group() if match else ""
    if expected[0] == "and" and word:
        taken = _taken_for_another(reading, f"'{word}'")
        if taken is not None:
            return taken
    found = reading.source.list_at(start)
    near = f"({found[0]})" if found and expected == ("(",) else _meant(reading, word, expected)
    message = f"syntax error, unexpected {f'list {found[0]}' if found else shown_word(word)}"
    # What follows in a list without a comma would be its next value: then the bracket is not what is missing.
    if opened is not None and (not word or (expected[0] == "a comma" and not lexer.VALUE.match(word))):
        place = reading.source.place(opened, opened + 1).location
        message += f"; the bracket at line {place.line}, column {place.column} is not closed"
    return reading.error(message, start, len(word), expected, near)


def _not_a_quote(reading: Reading, at: int) -> ConditionSyntaxError:
    if reading.text[at] in ASCII_QUOTES:
        return reading.error("syntax error, quoted text without its closing quote", at)
    return reading.error(f"syntax error, {reading.text[at]} is no quote", at, 1, ("' or \"",))


def _taken_for_another(reading: Reading, shown: str) -> ConditionSyntaxError | None:
    """The error if it is the test before the unexpected word that was meant otherwise."""
    value = reading.last_value
    hidden = None if value is None else lexer.HIDDEN.search(reading.text, *value)
    if hidden is not None:
        return reading.error(f"syntax error, unexpected {shown_word(hidden.group())}", hidden.start(), 1, ("a blank",))
    if value is not None and value[1] == reading.at and reading.text[slice(*value)] in ("and", "or", "not"):
        word = reading.text[slice(*value)]
        message = f"syntax error, '{word}' stands where a value is expected"
        # The test behind it is looked at once more, as it begins with this very word.
        error = reading.error(message, value[0], len(word), ("a value",))
        error.at = value[0]
        reading.tests.pop()
        return error
    last = reading.tests[-1] if reading.tests else None
    if not isinstance(last, MacroRef) or not reading.text.endswith(last.name, 0, reading.at) or shown == "')'":
        return None
    if last.from_list:
        reading.tests.pop()
        message = f"syntax error, list {last.from_list} stands where a test is expected"
        return reading.error_at(last.place, message, ATOM, f"in ({last.from_list})")
    # A name that something unexpected follows is most likely no macro: not to be told as one that is undefined.
    reading.tests.pop()
    return _not_a_field(reading, shown) if lexer.OPERATOR.match(reading.text, reading.at) else None


def _not_a_field(reading: Reading, shown: str) -> ConditionSyntaxError:
    name, start = reading.macros[-1].name, reading.at - len(reading.macros[-1].name)
    fields = tuple(reading.known_fields)
    near = errors.nearest(name, fields) or next((f for f in fields if f.rpartition(".")[2] == name), "")
    message = f"syntax error, unexpected {shown} after '{name}', which is a macro's name and not a field's"
    return reading.error(message, start, len(name), ("a field",), near)


def _meant(reading: Reading, word: str, expected: tuple[str, ...]) -> str:
    if expected == ("(",):
        value = lexer.VALUE.match(reading.text, reading.at)
        return f"({value['bare']})" if value and value["bare"] and word != "[" else "("
    if expected is EXPECTED_OPERATORS and word == "not":
        operator = lexer.OPERATOR.match(reading.text, reading.peek() + len(word))
        field = reading.text[: reading.at].rsplit(None, 1)[-1].lstrip("(")
        return f"not {field} {operator['operator']}" if operator else ""
    if expected is EXPECTED_OPERATORS and word in ("", ")", "and", "or"):
        return "exists"
    return nearest_word(word, expected)
