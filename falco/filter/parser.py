"""Condition text to syntax nodes, by recursive descent over the grammar of 0.15.

    or    := and {"or" and}            and := unary {"and" unary}
    unary := "not" unary | "(" or ")" | MACRO | FIELD "exists" | FIELD operator value | FIELD ("in"|"pmatch") list
    list  := "(" [value] {"," {value}} ")"

Beyond 0.15, values may be words that begin with a digit (addresses, nets), `==` is `=`, and any blank ends a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from falco import errors
from falco.errors import Problem, RulesError
from falco.filter import lexer
from falco.filter.ast import Comparison, FieldRef, MacroRef, Node, Not, Place, Value, ValueKind, all_of, any_of
from falco.filter.mistakes import END_OF_TEXT, ConditionSyntaxError, nearest_word, shown_word, undefined_macro
from falco.filter.source import Text, verbatim

MAX_DEPTH = 100
"""How deep brackets and `not` may nest: 0.15's parser gives up somewhere above, Python's stack takes it easily."""

_ATOM = ("not", "(", "a field", "a macro")
_OPERATORS = (
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "contains",
    "icontains",
    "glob",
    "startswith",
    "endswith",
    "in",
    "pmatch",
    "exists",
)
_LIST_OPERATORS = frozenset(("in", "pmatch"))

_ASCII_QUOTES = "\"'"
_QUOTES = _ASCII_QUOTES + "“”„‘’‚«»"
_MAX_FAILURES = 50
"""Tests behind a mistake that cannot be read before it is given up."""
_MAX_UNDEFINED = 50
"""Undefined macros of one condition that are reported."""


def parse(source: Text, known_fields: Iterable[str] = ()) -> Node:
    """The syntax tree of a condition whose lists are expanded; raises ConditionSyntaxError.

    known_fields are only used to guess what a mistyped word was meant to be.
    """
    return _Parser(source, known_fields).parse()


def parse_condition(text: str, path: str = "<filter>", known_fields: Iterable[str] = ()) -> Node:
    """The syntax tree of a condition that may use no lists and no macros; raises RulesError."""
    parser = _Parser(verbatim(text, path), known_fields)
    try:
        node = parser.parse()
    except ConditionSyntaxError as error:
        raise RulesError([error.problem, *error.more]) from error
    if parser.macros:
        raise RulesError([undefined_macro(ref, known_fields) for ref in parser.macros[:_MAX_UNDEFINED]])
    return node


class _Parser:
    """One run over one condition."""

    def __init__(self, source: Text, known_fields: Iterable[str]) -> None:
        self._source = source
        self._text = source.text
        self._at = 0
        self._depth = 0
        self._known_fields = known_fields
        self._open_quote: int | None = None
        self._last_value: tuple[int, int] | None = None
        self._tests: list[Comparison | MacroRef] = []
        self.macros: list[MacroRef] = []

    def parse(self) -> Node:
        try:
            return self._whole()
        except ConditionSyntaxError as error:
            error.more = tuple(self._recover(error.at))
            error.tests = tuple(self._tests)
            raise

    def _recover(self, at: int) -> Iterator[Problem]:
        """Read the tests behind a mistake; those mistakes in them whose mending is known are further ones."""
        failures = 0
        while self._open_quote is None and failures < _MAX_FAILURES:
            found = lexer.RESUME.search(self._text, at)
            if found is None or found["unclosed"]:
                return
            at = self._at = found.end()
            if not found["test"]:
                continue
            try:
                self._unary()
                if not lexer.END_OF_TEST.match(self._text, self._at):
                    raise self._unexpected(("and", "or", END_OF_TEXT))
            except ConditionSyntaxError as error:
                failures += 1
                at = max(at, error.at)
                if error.problem.nearest:
                    yield error.problem
            else:
                # The connective behind a test is where the next one is found.
                at = self._at

    def _whole(self) -> Node:
        node = self._or()
        if self._peek() < len(self._text):
            raise self._unexpected(("and", "or", END_OF_TEXT))
        return node

    def _or(self) -> Node:
        first, more = self._and()
        if more != "or":
            return first
        children = [first]
        while more == "or":
            child, more = self._and()
            children.append(child)
        return any_of(children)

    def _and(self) -> tuple[Node, str]:
        """A chain of `and`, and the connective behind it ('' if there is none)."""
        children = [self._unary()]
        while True:
            match = lexer.CONNECTIVE.match(self._text, self._at)
            if match is None:
                return all_of(children), ""
            self._at = match.end()
            if match["word"] == "or":
                return all_of(children), "or"
            children.append(self._unary())

    def _unary(self) -> Node:
        match = lexer.ATOM.match(self._text, self._at)
        if match is None or match["keyword"] in ("and", "or"):
            raise self._unexpected(_ATOM)
        start = match.start(match.lastgroup or 0)
        if match["field"]:
            start = match.start("field")
            self._at = match.end()
            place = self._source.place(start, match.end())
            return self._comparison(FieldRef(match["field"], match["index"], place), start)
        if match["name"]:
            self._at = match.end()
            return self._macro(match["name"], start)
        return self._nested(match)

    def _macro(self, name: str, start: int) -> MacroRef:
        listed = self._source.list_at(start)
        if listed is None:
            ref = MacroRef(name, self._source.place(start, self._at))
        else:
            ref = MacroRef(name, listed[1], from_list=listed[0])
        self.macros.append(ref)
        self._tests.append(ref)
        return ref

    def _nested(self, match: re.Match[str]) -> Node:
        if self._depth == MAX_DEPTH:
            raise self._error(f"brackets and 'not' are nested more than {MAX_DEPTH} deep", self._peek())
        self._depth += 1
        self._at = match.end()
        node = Not(self._unary()) if match["keyword"] else self._group(match.start("open"))
        self._depth -= 1
        return node

    def _group(self, opened: int) -> Node:
        node = self._or()
        self._expect(lexer.CLOSE, ("and", "or", ")"), opened)
        return node

    def _comparison(self, field: FieldRef, start: int) -> Comparison:
        match = lexer.OPERATOR.match(self._text, self._at)
        if match is None:
            raise self._unexpected(_OPERATORS)
        self._at = match.end()
        op = match["operator"]
        values: tuple[Value, ...] = ()
        self._last_value = None
        if op in _LIST_OPERATORS:
            values = self._list()
        elif op != "exists":
            value = self._value(in_list=False)
            if value is None:
                raise self._unexpected(("a value",))
            values = (value,)
        node = Comparison(field, "=" if op == "==" else op, values, self._source.place(start, self._at))
        self._tests.append(node)
        return node

    def _list(self) -> tuple[Value, ...]:
        self._expect(lexer.OPEN, ("(",))
        opened = self._at - 1
        values: list[Value] = []
        value = self._value(in_list=True)
        if value is not None:
            values.append(value)
        comma = False
        while True:
            match = lexer.COMMA.match(self._text, self._at)
            if match is not None:
                comma, self._at = True, match.end()
            elif not comma or (value := self._value(in_list=True)) is None:
                break
            else:
                # 0.15 lets several values follow a comma; only the first element needs a comma behind it.
                values.append(value)
        self._expect(lexer.CLOSE, ("a comma", ")"), opened)
        return tuple(values)

    def _value(self, *, in_list: bool) -> Value | None:
        match = lexer.VALUE.match(self._text, self._at)
        if match is None:
            return None
        group = match.lastgroup
        assert group is not None
        start, end = match.span(group)
        if group != "bare":
            self._at = match.end()
            return Value(lexer.unescape(match[group]), ValueKind.QUOTED, self._source.place(start - 1, end + 1))
        word = match[group]
        if word[0] in _QUOTES and self._open_quote is None:
            self._open_quote = start
        text, kind, length = lexer.bare_value(word, in_list=in_list)
        self._at = start + length
        self._last_value = None if in_list else (start, self._at)
        return Value(text, kind, self._source.place(start, self._at))

    def _expect(self, pattern: re.Pattern[str], expected: tuple[str, ...], opened: int | None = None) -> None:
        """Go over a bracket; opened is where the one stands that it closes."""
        match = pattern.match(self._text, self._at)
        if match is None:
            raise self._unexpected(expected, opened)
        self._at = match.end()

    def _peek(self) -> int:
        """Where the next word begins."""
        match = lexer.SKIP.match(self._text, self._at)
        return match.end() if match else self._at

    def _unexpected(self, expected: tuple[str, ...], opened: int | None = None) -> ConditionSyntaxError:
        if self._open_quote is not None:
            return self._not_a_quote(self._open_quote)
        start = self._peek()
        match = lexer.WORD.match(self._text, start)
        word = match.group() if match else ""
        if expected[0] == "and" and word:
            taken = self._taken_for_another(f"'{word}'")
            if taken is not None:
                return taken
        found = self._source.list_at(start)
        near = f"({found[0]})" if found and expected == ("(",) else self._meant(word, expected)
        message = f"syntax error, unexpected {f'list {found[0]}' if found else shown_word(word)}"
        # What follows in a list without a comma would be its next value: then the bracket is not what is missing.
        if opened is not None and (not word or (expected[0] == "a comma" and not lexer.VALUE.match(word))):
            place = self._source.place(opened, opened + 1).location
            message += f"; the bracket at line {place.line}, column {place.column} is not closed"
        return self._error(message, start, len(word), expected, near)

    def _not_a_quote(self, at: int) -> ConditionSyntaxError:
        if self._text[at] in _ASCII_QUOTES:
            return self._error("syntax error, quoted text without its closing quote", at)
        return self._error(f"syntax error, {self._text[at]} is no quote", at, 1, ("' or \"",))

    def _taken_for_another(self, shown: str) -> ConditionSyntaxError | None:
        """The error if it is the test before the unexpected word that was meant otherwise."""
        value = self._last_value
        hidden = None if value is None else lexer.HIDDEN.search(self._text, *value)
        if hidden is not None:
            return self._error(
                f"syntax error, unexpected {shown_word(hidden.group())}", hidden.start(), 1, ("a blank",)
            )
        if value is not None and value[1] == self._at and self._text[slice(*value)] in ("and", "or", "not"):
            word = self._text[slice(*value)]
            message = f"syntax error, '{word}' stands where a value is expected"
            # The test behind it is looked at once more, as it begins with this very word.
            error = self._error(message, value[0], len(word), ("a value",))
            error.at = value[0]
            self._tests.pop()
            return error
        last = self._tests[-1] if self._tests else None
        if not isinstance(last, MacroRef) or not self._text.endswith(last.name, 0, self._at) or shown == "')'":
            return None
        if last.from_list:
            self._tests.pop()
            message = f"syntax error, list {last.from_list} stands where a test is expected"
            return self._error_at(last.place, message, _ATOM, f"in ({last.from_list})")
        # A name that something unexpected follows is most likely no macro: not to be told as one that is undefined.
        self._tests.pop()
        return self._not_a_field(shown) if lexer.OPERATOR.match(self._text, self._at) else None

    def _not_a_field(self, shown: str) -> ConditionSyntaxError:
        name, start = self.macros[-1].name, self._at - len(self.macros[-1].name)
        fields = tuple(self._known_fields)
        near = errors.nearest(name, fields) or next((f for f in fields if f.rpartition(".")[2] == name), "")
        message = f"syntax error, unexpected {shown} after '{name}', which is a macro's name and not a field's"
        return self._error(message, start, len(name), ("a field",), near)

    def _meant(self, word: str, expected: tuple[str, ...]) -> str:
        if expected == ("(",):
            value = lexer.VALUE.match(self._text, self._at)
            return f"({value['bare']})" if value and value["bare"] and word != "[" else "("
        if expected is _OPERATORS and word == "not":
            operator = lexer.OPERATOR.match(self._text, self._peek() + len(word))
            field = self._text[: self._at].rsplit(None, 1)[-1].lstrip("(")
            return f"not {field} {operator['operator']}" if operator else ""
        if expected is _OPERATORS and word in ("", ")", "and", "or"):
            return "exists"
        return nearest_word(word, expected)

    def _error(
        self, message: str, start: int, length: int = 1, expected: tuple[str, ...] = (), near: str = ""
    ) -> ConditionSyntaxError:
        # At the end of the text the caret goes behind the last word rather than on the line end of a block.
        start = start if start < len(self._text) else len(self._text.rstrip(lexer.BLANKS))
        listed = self._source.list_at(start)
        place = listed[1] if listed else self._source.place(start, start + max(1, length))
        return self._error_at(place, message, expected, near, start)

    def _error_at(
        self, place: Place, message: str, expected: tuple[str, ...], near: str, start: int | None = None
    ) -> ConditionSyntaxError:
        problem = Problem(message, place.location, place.snippet, place.width, "", expected, near, code="syntax")
        return ConditionSyntaxError(problem, self._at if start is None else start)
