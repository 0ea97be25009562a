from __future__ import annotations

import pytest

from falco.engine.advice import advice
from falco.engine.yamltext import read_yaml
from falco.filter.source import SourceFile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a:\n\tb: c\n", "spaces as indentation"),
        ("- a: b: c\n", "quotes around a value that holds ': '"),
        ("- a: 'b': c\n", "quotes around a value that holds ': '"),
        ("- a: b\n   c: d\n", "the indentation of the keys above it"),
        ("-a: b\n c: d\n", "a blank behind the - of an item"),
        ("- a: %b\n", "quotes around a value that begins with %"),
        ("- a: @b\n", "quotes around a value that begins with @"),
        ("- a: [*.b]\n", "quotes around a value that begins with * or &"),
        ("- a: *b\n", "quotes around a value that begins with * or &"),
        ("- a: 'b\n", "a closing quote"),
        ("- a: [b\n", ", or ]"),
        ("- a: {b: c\n", ", or }"),
        ("- a: >\n  b\n  c\n", "key: value, or text that goes on to be indented deeper than its key"),
        ("- a: b # c\n    d\n", "quotes around a value that holds ' #', which begins a comment"),
        ("- a: [b]\n  c\n", "key: value, or text that goes on to be indented deeper than its key"),
        ("- a: [b] c\n", "key: value"),
        ("- a\n - b: c\n", "the indentation of the keys above it"),
        ("- a: b\n - c\n", "- in the column of the items above it"),
    ],
)
def test_what_people_most_often_did(text, expected):
    assert read_yaml(SourceFile("f", text)).problems[0].expected == (expected,)


def test_no_advice_on_what_is_not_known():
    assert advice("something else", "a: b", 2) == ()
