from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.filter.ast import OPERATORS
from falco.filter.operators import FUNCTIONS, lowered
from falco.filter.patterns import Glob, Network, Networks, PathPrefixes


def test_every_comparing_operator_has_a_function() -> None:
    assert set(FUNCTIONS) == set(OPERATORS) - {"==", "exists"}


@pytest.mark.parametrize(
    ("value", "op", "operand", "answer"),
    [
        ("a", "=", "a", True),
        ("a", "=", "A", False),
        ("a", "!=", "A", True),
        (3, "<", 4, True),
        (3, "<=", 3, True),
        (3, ">", 3, False),
        (3, ">=", 3, True),
        ("abc", "contains", "", True),
        ("abc", "contains", "bc", True),
        ("aBC", "icontains", "Bc", True),
        ("É", "icontains", "é", False),
        ("abc", "startswith", "", True),
        ("abc", "startswith", ("x", "ab"), True),
        ("abc", "endswith", "b", False),
        ("/etc/passwd", "glob", Glob("/e*"), True),
        ("b", "in", frozenset("ab"), True),
        (b"\x0a\0\0\1", "in", Networks(frozenset((Network(4, 0x0A000000, 0xFF000000),))), True),
        ("/etc/passwd", "pmatch", PathPrefixes.of(["/etc"]), True),
        ("/etcx", "pmatch", PathPrefixes.of(["/etc"]), False),
        (b"/etc/\xff", "pmatch", PathPrefixes.of(["/etc"]), True),
        # Addresses are ordered as the integers that a little-endian machine reads from memory.
        (b"\2\0\0\1", "<", b"\1\0\0\2", True),
        (b"\0" * 16, "<", b"\xff" * 4, False),
        (b"\0" * 16, ">", b"\xff" * 4, False),
    ],
)
def test_operators(value: object, op: str, operand: object, answer: bool) -> None:
    assert FUNCTIONS[op](value, operand) is answer


@given(st.binary(max_size=6), st.binary(max_size=6))
def test_text_is_ordered_as_its_bytes(some: bytes, other: bytes) -> None:
    value, operand = (raw.decode("utf-8", "surrogateescape") for raw in (some, other))
    assert FUNCTIONS["<"](value, operand) is (some < other)
    assert FUNCTIONS[">="](value, operand) is (some >= other)


@given(st.binary(max_size=8))
def test_only_ascii_is_lowered(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    assert lowered(text).encode("utf-8", "surrogateescape") == raw.lower()
