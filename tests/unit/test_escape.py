from __future__ import annotations

import pytest

from falco.escape import blank_controls, escape_controls


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext é 漢", "plain\ttext é 漢"),
        ("a\nb\rc", "a\\nb\\rc"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J\x7f\x00", "\\x9b2J\\x7f\\x00"),
        ("a\u2028b\u202ec", "a\\u2028b\\u202ec"),
        (b"\xff.txt".decode("utf-8", "surrogateescape"), "\\xff.txt"),
    ],
)
def test_what_could_forge_a_line_is_spelled_out(text, shown):
    assert escape_controls(text) == shown


def test_blanking_keeps_columns():
    text = "a\x1b[2J\u2028b\tc"
    assert len(blank_controls(text)) == len(text)
    assert blank_controls(text) == "a\ufffd[2J\ufffdb\tc"
