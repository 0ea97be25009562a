"""Right-hand sides that are more than a value: globs, path prefixes, networks. Each compares by what it was made from.

Their match functions take a value that is there (never None). Networks and prefixes remember recent answers, because
addresses and paths repeat from event to event.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Callable, Iterable

MEMO_LIMIT = 1024
"""How many answers a memo keeps; it is emptied when full, so that no input makes it grow."""


class Memo(dict[object, object]):
    """memo[value] is function(value), remembered: a hit costs one dictionary look-up."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, value: object) -> object:
        answer = self._function(value)
        if len(self) >= MEMO_LIMIT:
            self.clear()
        self[value] = answer
        return answer


@dataclasses.dataclass(frozen=True, slots=True)
class Glob:
    """A shell pattern as fnmatch(3) reads it with flags 0: `*` and `?` match `/`, backslash quotes the next character.

    `?` and sets stand for one character, not for one byte of it.
    """

    pattern: str
    match: Callable[[str], object] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "match", re.compile(glob_expression(self.pattern)).match)

    def __str__(self) -> str:
        return self.pattern


def glob_expression(pattern: str) -> str:
    """The regular expression for a whole string. Runs in linear time per star: what follows a star is matched once."""
    pieces: list[str] = [""]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            pieces.append("")
            at += 1
            continue
        piece, at = _glob_piece(pattern, at)
        pieces[-1] += piece
    first, *rest = pieces
    if not rest:
        return f"(?s:{first})\\Z"
    # The leftmost place for each part between two stars is as good as any other, so it is never given up again.
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece)
    return f"(?s:{first}{middle}.*{rest[-1]})\\Z"


_SIGNS = re.compile(r"[*?\[\\]")


def glob_literal(pattern: str) -> str:
    """What a pattern's matches all begin with: everything before its first sign."""
    return _SIGNS.split(pattern, maxsplit=1)[0]


def glob_quoted(text: str) -> str:
    """The pattern that only this text matches."""
    return _SIGNS.sub(r"\\\g<0>", text)


def _glob_piece(pattern: str, at: int) -> tuple[str, int]:
    char = pattern[at]
    if char == "?":
        return ".", at + 1
    if char == "\\":
        # glibc lets no string match a pattern that ends in a lone backslash.
        return (re.escape(pattern[at + 1]), at + 2) if at + 1 < len(pattern) else ("(?!)", at + 1)
    if char == "[":
        found = _bracket(pattern, at + 1)
        if found is not None:
            return found
    return re.escape(char), at + 1


_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\t-\r ",
    "blank": r"\t ",
    "punct": r"!-/:-@\[-`{-~",
    "cntrl": r"\x00-\x1f\x7f",
    "graph": "!-~",
    "print": " -~",
    "xdigit": "0-9A-Fa-f",
}


def _bracket(pattern: str, at: int) -> tuple[str, int] | None:
    """The expression for a [set] whose inside begins at `at`, and where it ends; None if no bracket closes it."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    start, parts = at, ""
    while at < len(pattern):
        if pattern[at] == "]" and at > start:
            # A set of nothing but empty ranges matches no character; negated, it matches any.
            inside = parts or r"^\s\S"
            return (f"[^{parts}]" if parts else ".") if negated else f"[{inside}]", at + 1
        if pattern.startswith("[:", at) and (end := pattern.find(":]", at)) > 0 and pattern[at + 2 : end] in _CLASSES:
            parts += _CLASSES[pattern[at + 2 : end]]
            at = end + 2
            continue
        low, at = _set_character(pattern, at)
        high = low
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("", "]"):
            high, at = _set_character(pattern, at + 1)
        if low <= high:
            parts += f"{_quoted(low)}-{_quoted(high)}"
    return None


def _set_character(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and at + 1 < len(pattern):
        return pattern[at + 1], at + 2
    return pattern[at], at + 1


def _quoted(char: str) -> str:
    return f"\\U{ord(char):08x}"


@dataclasses.dataclass(frozen=True, slots=True)
class PathPrefixes:
    """The paths of a pmatch list, compared component by component; empty components do not count.

    (/etc) holds for /etc and /etc/x, not for /etcx; relative and absolute paths are not told apart, and / holds for
    every value. Byte buffers are read as UTF-8 text.
    """

    prefixes: frozenset[tuple[str, ...]]
    match: Callable[[str], object] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "match", re.compile(prefix_expression(self.prefixes)).match)

    @classmethod
    def of(cls, paths: Iterable[str]) -> PathPrefixes:
        """The prefixes that written paths stand for."""
        return cls(_shortest({tuple(filter(None, path.split("/"))) for path in paths}))

    @classmethod
    def joined(cls, several: Iterable[PathPrefixes]) -> PathPrefixes:
        """What holds if any of several does."""
        return cls(_shortest({prefix for each in several for prefix in each.prefixes}))


def _shortest(prefixes: set[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """The prefixes without those that a shorter one among them covers."""
    return frozenset(p for p in prefixes if not any(p[:n] in prefixes for n in range(len(p))))


_Trie = dict[str, "_Trie"]


def prefix_expression(prefixes: Iterable[tuple[str, ...]]) -> str:
    """The regular expression that matches at the start of a path that has one of the prefixes."""
    trie: _Trie = {}
    for prefix in sorted(prefixes):
        if not prefix:
            return ""
        node = trie
        for component in prefix:
            node = node.setdefault(component, {})
    if not trie:
        return "(?!)"
    return f"/*{_branches(trie)}(?![^/])"


def _branches(trie: _Trie) -> str:
    branches = (re.escape(name) + ("/+" + _branches(rest) if rest else "") for name, rest in trie.items())
    return f"(?:{'|'.join(branches)})"


@dataclasses.dataclass(frozen=True, slots=True)
class Network:
    """An address range: network & mask as ints of the family's width in bytes (4 or 16)."""

    width: int
    network: int
    mask: int

    def __str__(self) -> str:
        address = ipaddress.ip_address(self.network.to_bytes(self.width, "big"))
        return f"{address}/{self.mask.bit_count()}"


@dataclasses.dataclass(frozen=True, slots=True)
class Networks:
    """Networks to be a member of; answers[address] tells for a packed address (4 or 16 bytes) with a memo."""

    networks: frozenset[Network]
    answers: Memo = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "answers", Memo(self.contains))

    def contains(self, address: bytes) -> bool:
        """Whether a packed address lies in any of the networks of its family."""
        number, width = int.from_bytes(address, "big"), len(address)
        return any(net.width == width and number & net.mask == net.network for net in self.networks)
