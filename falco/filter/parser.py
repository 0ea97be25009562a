"""Condition text to syntax nodes, by recursive descent over the grammar of 0.15.

    or    := and {"or" and}            and := unary {"and" unary}
    unary := "not" unary | "(" or ")" | MACRO | FIELD "exists" | FIELD operator value | FIELD ("in"|"pmatch") list
    list  := "(" [value] {"," {value}} ")"

Beyond 0.15, values may be words that begin with a digit (addresses, nets), `==` is `=`, and any blank ends a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from falco import errors
from falco.errors import Problem, RulesError
from falco.filter import lexer
from falco.filter.ast import And, Comparison, FieldRef, MacroRef, Node, Not, Or, Value, ValueKind
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
_END_OF_TEXT = "end of condition"
_OTHER_SPELLINGS = {
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "~": "not",
    "is": "=",
    "like": "glob",
    "intersects": "in",
    "matches": "glob",
    "startwith": "startswith",
    "endwith": "endswith",
}

_MAX_UNDEFINED = 50
"""Undefined macros of one condition that are reported."""


class ConditionSyntaxError(Exception):
    """The condition does not follow the grammar; problem says where and what was expected."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def parse(source: Text, known_fields: Iterable[str] = ()) -> Node:
    """The syntax tree of a condition whose lists are expanded; raises ConditionSyntaxError at the first mistake.

    known_fields are only used to guess what a mistyped word was meant to be.
    """
    return _Parser(source, known_fields).parse()


def parse_condition(text: str, path: str = "<filter>", known_fields: Iterable[str] = ()) -> Node:
    """The syntax tree of a condition that may use no lists and no macros; raises RulesError."""
    parser = _Parser(verbatim(text, path), known_fields)
    try:
        node = parser.parse()
    except ConditionSyntaxError as error:
        raise RulesError([error.problem]) from error
    if parser.macros:
        raise RulesError([undefined_macro(ref, known_fields) for ref in parser.macros[:_MAX_UNDEFINED]])
    return node


def undefined_macro(ref: MacroRef, known: Iterable[str] = (), expected: tuple[str, ...] = ()) -> Problem:
    """The problem of a name that stands for no macro, or for none yet."""
    return Problem(
        f"Undefined macro '{ref.name}' used in filter.",
        ref.place.location,
        ref.place.snippet,
        ref.place.width,
        expected=expected,
        nearest=errors.nearest(ref.name, known),
        code="undefined-macro",
    )


class _Parser:
    """One run over one condition."""

    def __init__(self, source: Text, known_fields: Iterable[str]) -> None:
        self._source = source
        self._text = source.text
        self._at = 0
        self._depth = 0
        self._known_fields = known_fields
        self._open_quote: int | None = None
        self.macros: list[MacroRef] = []

    def parse(self) -> Node:
        node = self._or()
        if self._peek() < len(self._text):
            raise self._unexpected(("and", "or", _END_OF_TEXT))
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
            ref = MacroRef(match["name"], self._source.place(start, match.end()))
            self.macros.append(ref)
            return ref
        return self._nested(match)

    def _nested(self, match: re.Match[str]) -> Node:
        if self._depth == MAX_DEPTH:
            raise self._error(f"brackets and 'not' are nested more than {MAX_DEPTH} deep", self._peek())
        self._depth += 1
        self._at = match.end()
        node = Not(self._unary()) if match["keyword"] else self._group()
        self._depth -= 1
        return node

    def _group(self) -> Node:
        node = self._or()
        self._expect(lexer.CLOSE, ("and", "or", ")"))
        return node

    def _comparison(self, field: FieldRef, start: int) -> Comparison:
        match = lexer.OPERATOR.match(self._text, self._at)
        if match is None:
            raise self._unexpected(_OPERATORS)
        self._at = match.end()
        op = match["operator"]
        values: tuple[Value, ...] = ()
        if op in _LIST_OPERATORS:
            values = self._list()
        elif op != "exists":
            value = self._value(in_list=False)
            if value is None:
                raise self._unexpected(("a value",))
            values = (value,)
        return Comparison(field, "=" if op == "==" else op, values, self._source.place(start, self._at))

    def _list(self) -> tuple[Value, ...]:
        self._expect(lexer.OPEN, ("(",))
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
        self._expect(lexer.CLOSE, ("a comma", ")"))
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
        if word[0] in "\"'" and self._open_quote is None:
            self._open_quote = start
        text, kind, length = lexer.bare_value(word, in_list=in_list)
        self._at = start + length
        return Value(text, kind, self._source.place(start, self._at))

    def _expect(self, pattern: re.Pattern[str], expected: tuple[str, ...]) -> None:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise self._unexpected(expected)
        self._at = match.end()

    def _peek(self) -> int:
        """Where the next word begins."""
        match = lexer.SKIP.match(self._text, self._at)
        return match.end() if match else self._at

    def _unexpected(self, expected: tuple[str, ...]) -> ConditionSyntaxError:
        if self._open_quote is not None:
            return self._error("syntax error, quoted text without its closing quote", self._open_quote)
        start = self._peek()
        match = lexer.WORD.match(self._text, start)
        word = match.group() if match else ""
        shown = f"'{word}'" if word else _END_OF_TEXT
        if expected[0] == "and" and self.macros and self._ends_in_macro():
            return self._not_a_field(shown)
        near = _nearest(word, expected)
        return self._error(f"syntax error, unexpected {shown}", start, len(word), expected, near)

    def _ends_in_macro(self) -> bool:
        """Whether an operator follows a name that was taken for a macro, as in `pid = 1`."""
        return lexer.OPERATOR.match(self._text, self._at) is not None and self._text.endswith(
            self.macros[-1].name, 0, self._at
        )

    def _not_a_field(self, shown: str) -> ConditionSyntaxError:
        name, start = self.macros[-1].name, self._at - len(self.macros[-1].name)
        fields = tuple(self._known_fields)
        near = errors.nearest(name, fields) or next((f for f in fields if f.rpartition(".")[2] == name), "")
        message = f"syntax error, unexpected {shown} after '{name}', which is a macro's name and not a field's"
        return self._error(message, start, len(name), ("a field",), near)

    def _error(
        self, message: str, start: int, length: int = 1, expected: tuple[str, ...] = (), near: str = ""
    ) -> ConditionSyntaxError:
        # At the end of the text the caret goes behind the last word rather than on the line end of a block.
        start = start if start < len(self._text) else len(self._text.rstrip(lexer.BLANKS))
        place = self._source.place(start, start + max(1, length))
        return ConditionSyntaxError(
            Problem(message, place.location, place.snippet, place.width, "", expected, near, code="syntax")
        )


def _nearest(word: str, expected: tuple[str, ...]) -> str:
    meant = _OTHER_SPELLINGS.get(word.lower(), word.lower())
    if meant in expected:
        return meant
    return errors.nearest(meant, [token for token in expected if token.isalpha()]) if word.isalpha() else ""


def all_of(children: list[Node]) -> Node:
    """The children joined by and; an `and` among them is dissolved, which changes neither result nor order."""
    if len(children) == 1:
        return children[0]
    flat: list[Node] = []
    for child in children:
        flat.extend(child.children if isinstance(child, And) else (child,))
    return And(tuple(flat))


def any_of(children: list[Node]) -> Node:
    """The children joined by or, in the same way."""
    if len(children) == 1:
        return children[0]
    flat: list[Node] = []
    for child in children:
        flat.extend(child.children if isinstance(child, Or) else (child,))
    return Or(tuple(flat))
