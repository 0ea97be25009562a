from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from falco.filter.scalar import Scalar
from falco.filter.source import SourceFile

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]


def scalars(text, loader=yaml.SafeLoader):
    file = SourceFile("f", text)
    return [
        Scalar(event.value, file, event.start_mark.index, event.end_mark.index, event.style or "")
        for event in yaml.parse(text, Loader=loader)
        if isinstance(event, yaml.ScalarEvent) and event.start_mark and event.end_mark
    ]


def written_at(scalar, index):
    file, offset = scalar.locate(index)
    return file.text[offset:]


STYLES = {
    "plain": "- a.b = x and c.d=y\n",
    "plain over lines": "- a.b = x\n  and\n\n  c.d=y\n",
    "literal": "- |\n  a.b = x\n    and\n  c.d=y\n",
    "literal with header": "- |2-  # a comment with c.d=y\n    a.b = x\n  and\n  c.d=y\n",
    "folded": "- >\n  a.b = x\n  and\n\n    more\n\n  c.d=y\n",
    "folded, stripped": "- >-\n  a.b = x and\n  c.d=y\n\n\n",
    "single": "- 'a.b = x and\n   c.d=y'\n",
    "single with quotes": "- '''a.b'' = x and\n\n   c.d=y'\n",
    "double": '- "a.b = x and\n   c.d=y"\n',
    "double with escapes": '- "\\"a.b\\" =\\tx \\x61nd \\\n     \\u0063 \\\\\\n c.d=y"\n',
    "double, escaped blank": '- "a.b = x\n  \\ and\\ \n\n   c.d=y"\n',
    "double, carriage returns": '- "a.b = x \\\r\n  and\r\n   c.d=y"\r\n',
    "tagged": "- !tag c.d=\n",
    "anchored": "- &anchor c.d=y\n",
    "after other characters": "# ünïcödé 🐍\n- ❄ a.b=x and c.d=y\n",
    "in a flow": "[a, b, {c: 'a.b'},\n  c.d=y]\n",
}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES)
def test_a_word_is_found_where_it_was_written(text, loader):
    scalar = scalars(text, loader)[-1]
    assert written_at(scalar, scalar.text.rindex("c.d=")).startswith("c.d=")


def test_escapes_are_found_at_their_backslash():
    (scalar,) = scalars('- "a\\"b\\x41c\\u263Ad\\\\e"\n')
    assert scalar.text == 'a"bAc☺d\\e'
    assert [written_at(scalar, i)[:2].rstrip() for i in range(len(scalar.text))] == [
        "a\\",
        '\\"',
        "b\\",
        "\\x",
        "c\\",
        "\\u",
        "d\\",
        "\\\\",
        'e"',
    ]


def test_backslash_in_single_quotes_is_no_escape():
    (scalar,) = scalars("- 'a\\\n  b''c'\n")
    assert scalar.text == "a\\ b'c"
    assert written_at(scalar, 3).startswith("b''c")


@pytest.mark.parametrize("loader", LOADERS)
@given(
    text=st.text(st.sampled_from("ab 'x\"\\\n\t.=é☺#:-"), max_size=40),
    style=st.sampled_from(["", "'", '"', "|", ">"]),
)
def test_every_visible_character_is_found(loader, text, style):
    dumped = yaml.dump([text], default_style=style or None, width=12, allow_unicode=True)
    scalar = scalars(dumped, loader)[-1]
    assert scalar.text == text
    for index, character in enumerate(text):
        if not character.isspace():
            written = written_at(scalar, index)
            assert written[0] == character or (scalar.style == '"' and written[0] == "\\")


@pytest.mark.parametrize(
    ("text", "null"),
    [("- ~\n", True), ("- null\n", True), ("- \n", True), ("- 'null'\n", False), ("- nullify\n", False)],
)
def test_null_is_what_yaml_means_by_it(text, null):
    assert scalars(text)[0].null is null


@pytest.mark.parametrize(
    ("text", "place"), [("- >\n\n   abc\n", "f:3:4"), ("- 'abc'\n", "f:1:4"), ("- ''\n", "f:1:3"), ("- \n", "f:1:2")]
)
def test_place_of_the_whole_is_its_first_character(text, place):
    assert str(scalars(text)[0].place.location) == place


def test_index_behind_the_end_is_the_end():
    (scalar,) = scalars("- 'abc'\n")
    assert scalar.locate(100)[1] == scalar.end
