"""Condition text to syntax nodes, by recursive descent over the grammar of 0.15.

    or    := and {"or" and}            and := unary {"and" unary}
    unary := "not" unary | "(" or ")" | MACRO | FIELD "exists" | FIELD operator value | FIELD ("in"|"pmatch") list
    list  := "(" [value] {"," {value}} ")"

Beyond 0.15, values may be words that begin with a digit (addresses, nets), `==` is `=`, and any blank ends a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from falco.errors import Problem, RulesError
from falco.filter import lexer
from falco.filter.ast import Comparison, FieldRef, MacroRef, Node, Not, Value, ValueKind, all_of, any_of
from falco.filter.diagnosis import ASCII_QUOTES, ATOM, EXPECTED_OPERATORS, Reading, unexpected
from falco.filter.mistakes import END_OF_TEXT, ConditionSyntaxError, undefined_macro
from falco.filter.source import Text, verbatim

MAX_DEPTH = 100
"""How deep brackets and `not` may nest: 0.15's parser gives up somewhere above, Python's stack takes it easily."""

_LIST_OPERATORS = frozenset(("in", "pmatch"))

_QUOTES = ASCII_QUOTES + "“”„‘’‚«»"
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


class _Parser(Reading):
    """One run over one condition."""

    def __init__(self, source: Text, known_fields: Iterable[str]) -> None:
        super().__init__(source, known_fields)
        self._depth = 0

    def parse(self) -> Node:
        try:
            return self._whole()
        except ConditionSyntaxError as error:
            error.more = tuple(self._recover(error.at))
            error.tests = tuple(self.tests)
            raise

    def _recover(self, at: int) -> Iterator[Problem]:
        """Read the tests behind a mistake; those mistakes in them whose mending is known are further ones."""
        failures = 0
        while self.open_quote is None and failures < _MAX_FAILURES:
            found = lexer.RESUME.search(self.text, at)
            if found is None or found["unclosed"]:
                return
            at = self.at = found.end()
            if not found["test"]:
                continue
            try:
                self._unary()
                if not lexer.END_OF_TEST.match(self.text, self.at):
                    raise unexpected(self, ("and", "or", END_OF_TEXT))
            except ConditionSyntaxError as error:
                failures += 1
                at = max(at, error.at)
                if error.problem.nearest:
                    yield error.problem
            else:
                # The connective behind a test is where the next one is found.
                at = self.at

    def _whole(self) -> Node:
        node = self._or()
        if self.peek() < len(self.text):
            raise unexpected(self, ("and", "or", END_OF_TEXT))
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
            match = lexer.CONNECTIVE.match(self.text, self.at)
            if match is None:
                return all_of(children), ""
            self.at = match.end()
            if match["word"] == "or":
                return all_of(children), "or"
            children.append(self._unary())

    def _unary(self) -> Node:
        match = lexer.ATOM.match(self.text, self.at)
        if match is None or match["keyword"] in ("and", "or"):
            raise unexpected(self, ATOM)
        start = match.start(match.lastgroup or 0)
        if match["field"]:
            start = match.start("field")
            self.at = match.end()
            place = self.source.place(start, match.end())
            return self._comparison(FieldRef(match["field"], match["index"], place), start)
        if match["name"]:
            self.at = match.end()
            return self._macro(match["name"], start)
        return self._nested(match)

    def _macro(self, name: str, start: int) -> MacroRef:
        listed = self.source.list_at(start)
        if listed is None:
            ref = MacroRef(name, self.source.place(start, self.at))
        else:
            ref = MacroRef(name, listed[1], from_list=listed[0])
        self.macros.append(ref)
        self.tests.append(ref)
        return ref

    def _nested(self, match: re.Match[str]) -> Node:
        if self._depth == MAX_DEPTH:
            raise self.error(f"brackets and 'not' are nested more than {MAX_DEPTH} deep", self.peek())
        self._depth += 1
        self.at = match.end()
        node = Not(self._unary()) if match["keyword"] else self._group(match.start("open"))
        self._depth -= 1
        return node

    def _group(self, opened: int) -> Node:
        node = self._or()
        self._expect(lexer.CLOSE, ("and", "or", ")"), opened)
        return node

    def _comparison(self, field: FieldRef, start: int) -> Comparison:
        match = lexer.OPERATOR.match(self.text, self.at)
        if match is None:
            raise unexpected(self, EXPECTED_OPERATORS)
        self.at = match.end()
        op = match["operator"]
        values: tuple[Value, ...] = ()
        self.last_value = None
        if op in _LIST_OPERATORS:
            values = self._list()
        elif op != "exists":
            value = self._value(in_list=False)
            if value is None:
                raise unexpected(self, ("a value",))
            values = (value,)
        node = Comparison(field, "=" if op == "==" else op, values, self.source.place(start, self.at))
        self.tests.append(node)
        return node

    def _list(self) -> tuple[Value, ...]:
        self._expect(lexer.OPEN, ("(",))
        opened = self.at - 1
        values: list[Value] = []
        value = self._value(in_list=True)
        if value is not None:
            values.append(value)
        comma = False
        while True:
            match = lexer.COMMA.match(self.text, self.at)
            if match is not None:
                comma, self.at = True, match.end()
            elif not comma or (value := self._value(in_list=True)) is None:
                break
            else:
                # 0.15 lets several values follow a comma; only the first element needs a comma behind it.
                values.append(value)
        self._expect(lexer.CLOSE, ("a comma", ")"), opened)
        return tuple(values)

    def _value(self, *, in_list: bool) -> Value | None:
        match = lexer.VALUE.match(self.text, self.at)
        if match is None:
            return None
        group = match.lastgroup
        assert group is not None
        start, end = match.span(group)
        if group != "bare":
            self.at = match.end()
            return Value(lexer.unescape(match[group]), ValueKind.QUOTED, self.source.place(start - 1, end + 1))
        word = match[group]
        if word[0] in _QUOTES and self.open_quote is None:
            self.open_quote = start
        text, kind, length = lexer.bare_value(word, in_list=in_list)
        self.at = start + length
        self.last_value = None if in_list else (start, self.at)
        return Value(text, kind, self.source.place(start, self.at))

    def _expect(self, pattern: re.Pattern[str], expected: tuple[str, ...], opened: int | None = None) -> None:
        """Go over a bracket; opened is where the one stands that it closes."""
        match = pattern.match(self.text, self.at)
        if match is None:
            raise unexpected(self, expected, opened)
        self.at = match.end()
