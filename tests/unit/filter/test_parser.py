from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.errors import RulesError
from falco.filter.ast import And, Comparison, MacroRef, Not, Or, ValueKind
from falco.filter.lists import Lists
from falco.filter.mistakes import ConditionSyntaxError
from falco.filter.parser import MAX_DEPTH, parse, parse_condition
from falco.filter.scalar import Scalar
from falco.filter.source import SourceFile, verbatim

KINDS = {ValueKind.NUMBER: "n", ValueKind.QUOTED: "q", ValueKind.BARE: "b"}


def shown(node):
    """A tree as nested lists, a value as its kind's letter and text."""
    match node:
        case And():
            return ["and", *map(shown, node.children)]
        case Or():
            return ["or", *map(shown, node.children)]
        case Not():
            return ["not", shown(node.child)]
        case MacroRef():
            return node.name
    argument = "" if node.field.argument is None else f"[{node.field.argument}]"
    return [node.field.name + argument, node.op, *(KINDS[value.kind] + value.text for value in node.values)]


def tree(text):
    return shown(parse(verbatim(text, "f")))


def problem(text, fields=()):
    with pytest.raises(ConditionSyntaxError) as caught:
        parse(verbatim(text, "f"), fields)
    return caught.value.problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m", "m"),
        ("a and b or c and d", ["or", ["and", "a", "b"], ["and", "c", "d"]]),
        ("a or b and c", ["or", "a", ["and", "b", "c"]]),
        ("(a or b) and c", ["and", ["or", "a", "b"], "c"]),
        ("not a and b", ["and", ["not", "a"], "b"]),
        ("not(a and b)", ["not", ["and", "a", "b"]]),
        ("not not a", ["not", ["not", "a"]]),
        ("a and (b and c) and d", ["and", "a", "b", "c", "d"]),
        ("(a or (b or c))", ["or", "a", "b", "c"]),
        ("\n a\n\tand\nb \n", ["and", "a", "b"]),
        ("AND and notx", ["and", "AND", "notx"]),
        ("exists and contains or in", ["or", ["and", "exists", "contains"], "in"]),
        ("f.a exists", ["f.a", "exists"]),
        ("f.a[2]=1", ["f.a[2]", "=", "n1"]),
        ("f.a.b.c != x", ["f.a.b.c", "!=", "bx"]),
        ("f.a == x", ["f.a", "=", "bx"]),
        ("f.a==>", ["f.a", "=", "b>"]),
        ("f.a=>", ["f.a", "=", "b>"]),
        ("f.a = <", ["f.a", "=", "b<"]),
        ("f.a<=1", ["f.a", "<=", "n1"]),
        ("f.a containsfoo", ["f.a", "contains", "bfoo"]),
        ('f.a glob"/a b*"', ["f.a", "glob", "q/a b*"]),
        ("f.a startswith '/a'or b", ["or", ["f.a", "startswith", "q/a"], "b"]),
        ("f.a=1and b", ["and", ["f.a", "=", "n1"], "b"]),
        ("f.a=1and(b)", ["and", ["f.a", "=", "n1"], "b"]),
        ("f.a=foo\nand b", ["and", ["f.a", "=", "bfoo"], "b"]),
        ("f.a=foo\tand b", ["and", ["f.a", "=", "bfoo"], "b"]),
        ("f.a=1.2.3.4 or f.a=7zip", ["or", ["f.a", "=", "b1.2.3.4"], ["f.a", "=", "b7zip"]]),
        ('f.a = a"b', ["f.a", "=", 'ba"b']),
        ("f.a contains ' and b", ["and", ["f.a", "contains", "b'"], "b"]),
        ("f.a = '  x '", ["f.a", "=", "q  x "]),
        ('f.a = ""', ["f.a", "=", "q"]),
        ("f.a in (a, 1,'c d')", ["f.a", "in", "ba", "n1", "qc d"]),
        ("f.a in()", ["f.a", "in"]),
        ("f.a in (,a,,b,)", ["f.a", "in", "ba", "bb"]),
        ("f.a in (a, b c)", ["f.a", "in", "ba", "bb", "bc"]),
        ("f.a pmatch (\n/a,\n/b\n)", ["f.a", "pmatch", "b/a", "b/b"]),
        ("f.a in (10.0.0.0/8, 0x10)", ["f.a", "in", "b10.0.0.0/8", "n16"]),
    ],
)
def test_trees(text, expected):
    assert tree(text) == expected


def test_places_are_those_of_the_words():
    node = parse(verbatim("m or\n  proc.aname[2] = 'a b'", "f"))
    assert isinstance(node, Or)
    macro, comparison = node.children
    assert isinstance(macro, MacroRef)
    assert isinstance(comparison, Comparison)
    places = [macro.place, comparison.field.place, comparison.values[0].place, comparison.place]
    assert [(str(place.location), place.width) for place in places] == [
        ("f:1:1", 1),
        ("f:2:3", 13),
        ("f:2:19", 5),
        ("f:2:3", 21),
    ]


@pytest.mark.parametrize(
    ("text", "column", "message", "expected", "near"),
    [
        ("", 1, "unexpected end of condition", "a field", ""),
        ("# a comment", 1, "unexpected '#'", "a macro", ""),
        ("f.a = 1 AND b", 9, "unexpected 'AND'", "and", "and"),
        ("f.a = 1 adn b", 9, "unexpected 'adn'", "or", "and"),
        ("f.a = 1 && b", 9, "unexpected '&&'", "and", "and"),
        ("!a", 1, "unexpected '!'", "not", "not"),
        ("a and", 6, "unexpected end of condition", "a macro", ""),
        ("a and and b", 7, "unexpected 'and'", "not", ""),
        ("f.a contians x", 5, "unexpected 'contians'", "contains", "contains"),
        ("f.a intersects (x)", 5, "unexpected 'intersects'", "in", "in"),
        ("f.a in (a b)", 11, "unexpected 'b'", "a comma", ""),
        ("f.a in (a", 10, "unexpected end of condition", ")", ""),
        ("f.a in a", 8, "unexpected 'a'", "(", "(a)"),
        ("f.a in [a, b]", 8, "unexpected '['", "(", "("),
        ("f.a not in (a)", 5, "unexpected 'not'", "in", "not f.a in"),
        ("(f.a not pmatch (a))", 6, "unexpected 'not'", "in", "not f.a pmatch"),
        ("f.a and b", 5, "unexpected 'and'", "exists", "exists"),
        ("f.a", 4, "unexpected end of condition", "exists", "exists"),
        ("f.a= and f.b=x", 6, "'and' stands where a value is expected", "a value", ""),
        ("f.a=x f.b=y", 7, "unexpected 'f.b'", "and", ""),
        ("a and\u200bb", 6, "unexpected U+200B ZERO WIDTH SPACE", "a macro", ""),
        ("f.a=b\u00a0and f.c=d", 6, "unexpected U+00A0 NO-BREAK SPACE", "a blank", ""),
        ("a\u00a0and b", 2, "unexpected U+00A0 NO-BREAK SPACE", "and", ""),
        ("f.a=\u201cb c\u201d and d", 5, "\u201c is no quote", "' or \"", ""),
        ("a and (b or (c)", 16, "end of condition; the bracket at line 1, column 7 is not closed", ")", ""),
        ("f.a in (b, c and d=e", 19, "unexpected '='; the bracket at line 1, column 8 is not closed", ")", ""),
        ("f.a =", 6, "unexpected end of condition", "a value", ""),
        ("f.a = (x)", 7, "unexpected '('", "a value", ""),
        ("f.a = x=y", 8, "unexpected '='", "end of condition", ""),
        ("(a or b", 8, "unexpected end of condition", ")", ""),
        ("a)", 2, "unexpected ')'", "end of condition", ""),
        ("f.a[x y]=1", 4, "unexpected '['", "=", ""),
        ("f. = 1", 1, "unexpected 'f'", "a field", ""),
    ],
)
def test_syntax_errors_say_where_and_what_was_expected(text, column, message, expected, near):
    found = problem(text)
    assert found.location is not None
    assert (found.location.column, found.nearest) == (column, near)
    assert message in found.message
    assert expected in found.expected


def later(text):
    """Mistakes behind the first, and the tests that can be read all the same."""
    with pytest.raises(ConditionSyntaxError) as caught:
        parse(verbatim(text, "f"))
    more = [(problem.location and problem.location.column, problem.nearest) for problem in caught.value.more]
    return more, [test.name if isinstance(test, MacroRef) else test.field.name for test in caught.value.tests]


@pytest.mark.parametrize(
    ("text", "more", "tests"),
    [
        ("f.a = = b and f.c=d or m", [], ["f.c", "m"]),
        ("f.b=1 and (f.a contans b or not (f.c startwith d)) and m", [(38, "startswith")], ["f.b", "m"]),
        ("m and f.a= and f.c=d", [], ["m", "f.c"]),
        ("f.a like 'x and f.b=y' and f.c=d", [], ["f.c"]),
        ('f.a="x y and f.b=z', [], ["f.a"]),
        ("pid = 1 and f.c=d", [], ["f.c"]),
        ("f.a='b''c' and pid=1 and f.c=d", [], ["f.a", "f.c"]),
        ("f.a=b && f.c=d || not (f.e=f)", [(16, "or")], ["f.a", "f.c", "f.e"]),
        ("f.a=b AND f.c=d e.f=g OR m", [], ["f.a", "f.c", "m"]),
        ("a) and (b and f.c=d", [], ["a", "b", "f.c"]),
        ("f.a in (b and f.c=d", [], ["f.c"]),
        ("f.a in (b, c and f.d=e or f.g=h", [], ["f.g"]),
        ("f.a band f.b=c", [], []),
        ("m n and f.b=c", [], ["f.b"]),
    ],
)
def test_what_stands_behind_a_mistake_is_read_as_far_as_it_can_be(text, more, tests):
    assert later(text) == (more, tests)


def test_mistakes_of_one_condition_are_bounded():
    more, _ = later("f.a like x and " * 1000 + "f.b=c")
    assert 10 < len(more) < 100


@pytest.mark.parametrize(
    ("condition", "column", "message", "near"),
    [
        ("f.a in shells", 8, "unexpected list shells", "(shells)"),
        ("m and shells", 7, "list shells stands where a test is expected", "in (shells)"),
        ("f.a=b one", 7, "unexpected list one", ""),
    ],
)
def test_a_list_in_the_wrong_place_is_told_where_its_name_stands(condition, column, message, near):
    lists = Lists()
    for name, items in (("shells", ("bash", "zsh")), ("one", ("bash",))):
        lists.define(name, [Scalar(item, SourceFile("lists", item), 0, len(item)) for item in items])
    with pytest.raises(ConditionSyntaxError) as caught:
        parse(lists.expand([Scalar(condition, SourceFile("f", condition), 0, len(condition))]))
    found = caught.value.problem
    assert (str(found.location), found.nearest) == (f"f:1:{column}", near)
    assert message in found.message


def test_caret_covers_the_word():
    assert problem("f.a = 1 wrong b").width == 5


def test_end_of_a_block_is_behind_its_last_word():
    assert str(problem("a\nand  \n\n").location) == "f:2:4"


def test_quote_that_is_never_closed_is_the_error_when_there_is_one():
    found = problem('a or f.a = "foo bar')
    assert "closing quote" in found.message
    assert str(found.location) == "f:1:12"


def test_name_before_an_operator_is_taken_for_a_field():
    found = problem("m and pid = 1", ["proc.name", "proc.pid"])
    assert (str(found.location), found.width, found.nearest) == ("f:1:7", 3, "proc.pid")
    assert found.expected == ("a field",)


@pytest.mark.parametrize(("left", "right"), [("(", ")"), ("not ", ""), ("not(", ")")])
def test_nesting_is_bounded(left, right):
    levels = MAX_DEPTH // (2 if left == "not(" else 1)
    parse(verbatim(left * levels + "a" + right * levels, "f"))
    assert f"more than {MAX_DEPTH} deep" in problem(left * 100_000 + "a" + right * 100_000).message


@pytest.mark.parametrize(
    "text",
    [
        "f.a in (" + "1.2.3.4, " * 50_000 + ")",
        "a or " * 50_000 + "b",
        "f.a = '" + "x" * 500_000 + "'",
        "f.a in (" + "\"a '" * 50_000,
        "f.a = " + "\\'" * 250_000,
        " " * 500_000,
        "f.a=" + "0" * 500_000 + "x",
        "f." * 250_000,
        "f.a = = '" + "\\'" * 250_000,
        "f.a = = " + "and f.a like b " * 30_000,
        "f.a = = " + "or (not " * 60_000,
    ],
    ids=["values", "terms", "quoted", "quotes", "escapes", "blanks", "digits", "dots", "open", "mistakes", "opening"],
)
def test_time_grows_with_the_length_only(text):
    begin = time.process_time()
    try:
        parse(verbatim(text, "f"))
    except ConditionSyntaxError as error:
        assert error.problem.location is not None
    # Each takes a few hundredths of a second, or many minutes if some step went over all the text again and again.
    assert time.process_time() - begin < 5


def test_condition_of_an_option_may_not_use_macros():
    with pytest.raises(RulesError) as caught:
        parse_condition("a or f.a = 1 and b")
    assert [(p.message, str(p.location)) for p in caught.value.problems] == [
        ("Undefined macro 'a' used in filter.", "<filter>:1:1"),
        ("Undefined macro 'b' used in filter.", "<filter>:1:18"),
    ]


def test_condition_of_an_option_is_a_tree_or_an_error():
    assert shown(parse_condition("evt.type = open")) == ["evt.type", "=", "bopen"]
    with pytest.raises(RulesError) as caught:
        parse_condition("evt.type", "--filter")
    assert str(caught.value.problems[0].location) == "--filter:1:9"


@given(st.text(st.sampled_from("ab.=!<>()[],'\"\\ \n019x-")) | st.text())
def test_any_text_is_a_tree_or_a_syntax_error(text):
    try:
        node = parse(verbatim(text, "f"))
    except ConditionSyntaxError as error:
        assert error.problem.message
    else:
        assert isinstance(node, And | Or | Not | MacroRef | Comparison)
