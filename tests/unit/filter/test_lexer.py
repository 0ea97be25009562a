from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.filter import lexer
from falco.filter.ast import ValueKind


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("0", "0"),
        ("000", "0"),
        ("010", "10"),
        ("0x10", "16"),
        ("0XfF", "255"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("15e-1", "1.5"),
        ("1.50", "1.5"),
        ("5.", "5"),
        (".5", "0.5"),
        ("1.00000000000000000001", "1"),
        ("0.1234567890123456", "0.12345678901235"),
        ("1700000000000001000", "1700000000000001000"),
        ("18446744073709551615", "18446744073709551615"),
        ("1.7e18", "1700000000000000000"),
        ("1e30", "1e+30"),
        ("1e99999", "inf"),
        ("1e-99999999999999999999999", "0"),
        ("0" * 5000 + "7", "7"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_numbers_are_printed_again(written, printed):
    assert lexer.number(written) == printed


@given(st.integers(0, 2**64 - 1))
def test_whole_numbers_of_any_base_keep_every_digit(value):
    assert lexer.number(str(value)) == lexer.number(hex(value)) == str(value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        (r"a\nb\tc", "a\nb\tc"),
        (r"\a\b\f\r\v", "\a\b\f\r\v"),
        (r"\"\'", "\"'"),
        ("a\\\nb", "a\nb"),
        (r"\x", r"\x"),
        # Replaced one after the other, a backslash before \n or \b is not protected from them.
        (r"\\n", "\n"),
        (r"a\\b", "a\\\b"),
        (r"a\\c", r"a\c"),
    ],
)
def test_escapes_are_replaced_one_after_the_other(written, meant):
    assert lexer.unescape(written) == meant


@pytest.mark.parametrize(
    ("word", "in_list", "value"),
    [
        ("foo", False, ("foo", ValueKind.BARE, 3)),
        ("-1", False, ("-1", ValueKind.BARE, 2)),
        ("1", False, ("1", ValueKind.NUMBER, 1)),
        ("1and", False, ("1", ValueKind.NUMBER, 1)),
        ("0x1or", False, ("1", ValueKind.NUMBER, 3)),
        ("1and", True, ("1and", ValueKind.BARE, 4)),
        ("1andx", False, ("1andx", ValueKind.BARE, 5)),
        ("7zip", False, ("7zip", ValueKind.BARE, 4)),
        ("1.2.3.4", False, ("1.2.3.4", ValueKind.BARE, 7)),
        ("10.0.0.0/8", True, ("10.0.0.0/8", ValueKind.BARE, 10)),
        ("...", False, ("...", ValueKind.BARE, 3)),
        ("2001:db8::1", False, ("2001:db8::1", ValueKind.BARE, 11)),
    ],
)
def test_bare_words_are_numbers_only_as_a_whole(word, in_list, value):
    assert lexer.bare_value(word, in_list=in_list) == value


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("(a", {"open": "("}),
        (" not(", {"keyword": "not"}),
        ("notable", {"name": "notable"}),
        ("and x", {"keyword": "and"}),
        ("fd.name=", {"field": "fd.name"}),
        ("\n a.b.c[x-1/y*?]=", {"field": "a.b.c", "index": "x-1/y*?"}),
        ("not.a", {"field": "not.a"}),
        ("a.b[x y]", {"field": "a.b"}),
        ("a.", None),
        ("foo.5", None),
        ("é", None),
    ],
)
def test_what_a_test_begins_with(text, groups):
    match = lexer.ATOM.match(text)
    assert (match and {name: value for name, value in match.groupdict().items() if value}) == groups


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("==", "=="),
        ("=x", "="),
        ("<=1", "<="),
        ("containsfoo", "contains"),
        ("icontains x", "icontains"),
        ("in(", "in"),
        ("infoo", None),
        ("existsx", None),
        ("exists)", "exists"),
        ("pmatch\t(", "pmatch"),
        ("intersects", None),
        ("!", None),
    ],
)
def test_operators(text, operator):
    match = lexer.OPERATOR.match(text)
    assert (match and match["operator"]) == operator
