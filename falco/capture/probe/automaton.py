"""Many texts sought in a path at once: the automaton of Aho and Corasick, as rows for a table in the kernel.

A path is fed byte by byte, its NUL last. Every state knows which tests of the rules are met once it is reached. Texts
that have to begin the path hang on a root of their own, where each path starts; those that have to end it go on with
the NUL. Bytes that no text has are one class.

Reference: A. Aho, M. Corasick, Efficient string matching, CACM 18 (1975).
"""

from __future__ import annotations

import dataclasses
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.filter.superset import Text

MOST_STATES, MOST_CLASSES, MOST_TESTS = 8192, 128, 64
_ROW = struct.Struct(f"={MOST_CLASSES}HQ")
ROW_SIZE = _ROW.size
_ANYWHERE, _START = 0, 1
_NUL = b"\0"


@dataclasses.dataclass(frozen=True, slots=True)
class Automaton:
    """classes has the class of each byte; steps the next state by state and class; met the tests (bits) by state."""

    classes: bytes
    steps: tuple[tuple[int, ...], ...]
    met: tuple[int, ...]

    def run(self, path: bytes) -> int:
        """The tests that a path meets, as bits: what the probe's C text does."""
        state, met = _START, self.met[_START]
        for byte in path + _NUL:
            state = self.steps[state][self.classes[byte]]
            met |= self.met[state]
        return met

    def rows(self, first: int) -> list[bytes]:
        """The table's rows, for states that are numbered from first on."""
        padding = (first,) * (MOST_CLASSES - len(self.steps[0]))
        return [
            _ROW.pack(*(first + to for to in steps), *padding, met)
            for steps, met in zip(self.steps, self.met, strict=True)
        ]  # fmt: skip


class TooLargeError(ValueError):
    """The texts need more states, classes or tests than the table has room for."""


def build(tests: Sequence[frozenset[Text]]) -> Automaton:
    """The automaton whose bit n says that a text of the nth test was found. TooLargeError."""
    classes, count = _classes(tests)
    children, met = fit(tests)
    return Automaton(classes, *_linked(children, met, classes, count))


def fit(tests: Sequence[frozenset[Text]]) -> tuple[list[dict[int, int]], list[int]]:
    """The states and what is met in each, without the steps that no text goes on with. TooLargeError."""
    if len(tests) > MOST_TESTS:
        raise TooLargeError(f"{len(tests)} tests of paths, {MOST_TESTS} fit")
    _classes(tests)
    return _trie(tests)


def _classes(tests: Sequence[frozenset[Text]]) -> tuple[bytes, int]:
    used = sorted({byte for test in tests for text in test for byte in text.text} | {0})
    if len(used) >= MOST_CLASSES:
        raise TooLargeError(f"{len(used)} different bytes in paths, {MOST_CLASSES - 1} fit")
    number = {byte: i for i, byte in enumerate(used, 1)}
    return bytes(number.get(byte, 0) for byte in range(256)), len(used) + 1


def _trie(tests: Sequence[frozenset[Text]]) -> tuple[list[dict[int, int]], list[int]]:
    children: list[dict[int, int]] = [{}, {}]
    met = [0, 0]
    for bit, test in enumerate(tests):
        for text in sorted(test, key=lambda text: (text.text, text.begins, text.ends)):
            state = _START if text.begins else _ANYWHERE
            for byte in text.text + (_NUL if text.ends else b""):
                state = _child(children, met, state, byte)
            met[state] |= 1 << bit
    return children, met


def _child(children: list[dict[int, int]], met: list[int], state: int, byte: int) -> int:
    known = children[state].get(byte)
    if known is None:
        if len(children) >= MOST_STATES:
            raise TooLargeError(f"the texts of paths need more than {MOST_STATES} states")
        known = children[state][byte] = len(children)
        children.append({})
        met.append(0)
    return known


def _linked(
    children: list[dict[int, int]], met: list[int], classes: bytes, count: int
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """All steps of all states: where no text goes on, that of the longest one that what was read may yet begin."""
    steps: list[list[int]] = [[] for _ in children]
    steps[_ANYWHERE] = _steps(children[_ANYWHERE], classes, [_ANYWHERE] * count)
    met[_START] |= met[_ANYWHERE]
    steps[_START] = _steps(children[_START], classes, steps[_ANYWHERE])
    waiting = deque((child, _ANYWHERE) for child in children[_ANYWHERE].values())
    waiting.extend((child, steps[_ANYWHERE][classes[byte]]) for byte, child in children[_START].items())
    while waiting:
        state, shorter = waiting.popleft()
        met[state] |= met[shorter]
        steps[state] = _steps(children[state], classes, steps[shorter])
        waiting.extend((child, steps[shorter][classes[byte]]) for byte, child in children[state].items())
    return tuple(map(tuple, steps)), tuple(met)


def _steps(own: Mapping[int, int], classes: bytes, otherwise: list[int]) -> list[int]:
    steps = list(otherwise)
    for byte, child in own.items():
        steps[classes[byte]] = child
    return steps
