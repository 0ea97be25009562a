from __future__ import annotations

import pytest

from falco.filter.diagnosis import ATOM, EXPECTED_OPERATORS, Reading, unexpected
from falco.filter.source import verbatim


def reading(text, at, fields=()):
    made = Reading(verbatim(text, "rules"), fields)
    made.at = at
    return made


@pytest.mark.parametrize(
    ("text", "at", "expected", "message", "column", "nearest"),
    [
        ("proc.name is x", 9, EXPECTED_OPERATORS, "syntax error, unexpected 'is'", 11, "="),
        ("proc.name not in (x)", 9, EXPECTED_OPERATORS, "syntax error, unexpected 'not'", 11, "not proc.name in"),
        ("proc.name and", 9, EXPECTED_OPERATORS, "syntax error, unexpected 'and'", 11, "exists"),
        ("proc.name in x", 12, ("(",), "syntax error, unexpected 'x'", 14, "(x)"),
        ("a and  ", 5, ATOM, "syntax error, unexpected end of condition", 6, ""),
    ],
)
def test_what_is_unexpected_is_pointed_at(text, at, expected, message, column, nearest):
    problem = unexpected(reading(text, at), expected).problem
    assert (problem.message, problem.expected, problem.nearest) == (message, expected, nearest)
    assert problem.location is not None
    assert problem.location.column == column


def test_a_bracket_that_is_not_closed_is_named():
    problem = unexpected(reading("(a", 2), ("and", "or", ")"), opened=0).problem
    assert problem.message.endswith("; the bracket at line 1, column 1 is not closed")


def test_equality_has_one_spelling_among_what_is_expected():
    assert "==" not in EXPECTED_OPERATORS
    assert "=" in EXPECTED_OPERATORS
