from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.filter import patterns
from falco.filter.patterns import Glob, Memo, Network, Networks, PathPrefixes, glob_literal, glob_quoted

LIBC = ctypes.CDLL(None)


def by_libc(pattern: str, text: str) -> bool:
    """fnmatch(3) of the C library with flags 0."""
    return bool(LIBC.fnmatch(pattern.encode(), text.encode(), 0) == 0)


@given(st.text("ab*?[]!^-\\/", max_size=8), st.text("ab*?[]!^-\\/", max_size=6))
def test_globs_match_what_fnmatch_does(pattern: str, text: str) -> None:
    assert (Glob(pattern).match(text) is not None) == by_libc(pattern, text)


@pytest.mark.parametrize(
    "pattern",
    ["[[:alpha:]]", "[[:digit:]x]", "[^[:space:]]", "[[:punct:]]", "[[:upper:][:digit:]]", "[]-a]", "[!]]", "[z-a]"],
)
def test_sets_match_what_fnmatch_does(pattern: str) -> None:
    for code in range(1, 127):
        assert (Glob(pattern).match(chr(code)) is not None) == by_libc(pattern, chr(code)), chr(code)


def test_stars_match_slashes_newlines_and_undecodable_bytes() -> None:
    assert Glob("/etc/*.conf").match("/etc/x/\n\udce9.conf")


def test_many_stars_take_no_exponential_time() -> None:
    assert Glob("*a" * 30 + "b").match("a" * 3000) is None


def test_a_question_mark_is_one_character() -> None:
    assert Glob("?").match("é")


def naive_below(prefixes: list[str], value: str) -> bool:
    parts = [part for part in value.split("/") if part]
    wanted = [[part for part in prefix.split("/") if part] for prefix in prefixes]
    return any(parts[: len(prefix)] == prefix for prefix in wanted)


PATHS = st.lists(st.sampled_from(["a", "b", "ab", "", ".*"]), max_size=5).map("/".join)


@given(st.lists(PATHS, max_size=4), PATHS)
def test_path_prefixes_compare_component_by_component(prefixes: list[str], value: str) -> None:
    assert (PathPrefixes.of(prefixes).match(value) is not None) == naive_below(prefixes, value)


@given(st.lists(PATHS, max_size=3), st.lists(PATHS, max_size=3))
def test_joined_prefixes_hold_where_either_does(some: list[str], others: list[str]) -> None:
    assert PathPrefixes.joined([PathPrefixes.of(some), PathPrefixes.of(others)]) == PathPrefixes.of(some + others)


def test_networks_tell_families_apart() -> None:
    networks = Networks(frozenset((Network(4, 0x0A000000, 0xFF000000), Network(16, 0, 0))))
    assert networks.contains(b"\x0a\1\2\3")
    assert not networks.contains(b"\x0b\1\2\3")
    assert networks.contains(b"\xff" * 16)
    assert networks.answers[b"\x0a\1\2\3"] is True


def test_a_memo_asks_once_and_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def double(value: int) -> int:
        asked.append(value)
        return value * 2

    memo = Memo(double)
    assert [memo[1], memo[1], memo[2]] == [2, 2, 4]
    assert asked == [1, 2]
    monkeypatch.setattr(patterns, "MEMO_LIMIT", 2)
    assert memo[3] == 6
    assert len(memo) == 1


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("/etc/*", "/etc/"),
        ("/a?", "/a"),
        ("/a[bc]", "/a"),
        ("/a\\*b*", "/a"),
        ("/plain", "/plain"),
        ("*", ""),
        ("", ""),
    ],
)
def test_what_all_matches_of_a_glob_begin_with(pattern, literal):
    assert glob_literal(pattern) == literal


@given(st.text("ab*?[]\\/!-", max_size=8))
def test_a_quoted_text_matches_itself_only(text):
    pattern = Glob(glob_quoted(text))
    assert pattern.match(text)
    assert not pattern.match(text + "a")
    assert not pattern.match("b" + text)
