"""Supersets: weaker conditions, of what can be tested before an event is decoded (weaken.py makes them).

Three kinds of tests there are:

- Where: a path, by texts that it has to begin with, end with or contain: the one that the kernel resolved for a file,
  or what a call that has no file was given. They serve fd.name exactly, fd.directory and fd.filename more loosely.
  Of a call that was given two paths a test holds if it holds of either, so what is tested of one field serves for both.
- How: a whole number that the call or its socket tells: the result, a port, an address.
- Who: what the calling thread is, such as its name or its user. The probe does not find that out itself: it is told.

What is not known of an event passes every test of it, be it negated or not. passes() is the plain meaning of a
superset; the probe's C text is the other (falco/capture/probe/sieve.py), and both are held against each other.
"""

from __future__ import annotations

import dataclasses
import enum
import operator
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.filter.ast import Test


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """A text in a path; begins and ends say that the path begins or ends with it."""

    text: bytes
    begins: bool = False
    ends: bool = False

    def found(self, path: bytes) -> bool:
        """Whether a path has it."""
        if self.begins and self.ends:
            return path == self.text
        if self.begins:
            return path.startswith(self.text)
        return path.endswith(self.text) if self.ends else self.text in path


class Number(enum.Enum):
    """What may be known of a call as a number. Addresses are those of IPv4, their first byte the highest."""

    WRITES = "writes"
    READS = "reads"
    FD = "fd"
    RESULT = "result"
    KIND = "kind"
    """What its fd is: one of Kind."""
    SERVER_PORT = "server_port"
    CLIENT_PORT = "client_port"
    SERVER = "server"
    CLIENT = "client"
    TRANSPORT = "transport"
    """L4 of falco/state/fds.py."""
    RENAMES = "renames"
    """0 if the call cannot give its socket another name; else it is not known."""
    LIMITS = "limits"
    """1 if the call may change a limit."""


class Kind(enum.IntEnum):
    """Kinds of fds as far as they are told apart; others are not known."""

    INET = 1
    UNIX = 2
    FILE = 3
    DIRECTORY = 4
    PIPE = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Param:
    """A parameter of the event that is a plain number, by its name."""

    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Path:
    """A path as far as it is known: the whole of it, or only what stands behind its last slash."""

    whole: bytes | None = None
    last: bytes | None = None


UNKNOWN_PATH = (Path(),)
"""The paths of a call of which nothing is known."""


@dataclasses.dataclass(frozen=True, slots=True)
class Where:
    """That a path of the call has one of these texts or, negated, that one has none of them."""

    texts: frozenset[Text]
    negated: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class How:
    """That a number compares as said: = != < <= > >= a value, or & any of its bits. mask is laid on it before."""

    number: Number | Param
    op: str
    value: int
    negated: bool = False
    mask: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Who:
    """That a comparison of what the thread is holds or, negated, does not. Those of the same text are the same."""

    text: str
    negated: bool
    test: Test = dataclasses.field(compare=False, repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Level:
    """That a path of the call has this many slashes: how deep it lies."""

    slashes: int


@dataclasses.dataclass(frozen=True, slots=True)
class All:
    """All parts hold; without parts it holds always."""

    parts: tuple[Superset, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Any:
    """A part holds; without parts it never does."""

    parts: tuple[Superset, ...]


Superset = Where | Level | How | Who | All | Any
ALWAYS, NEVER = All(()), Any(())
NOBODY: Mapping[str, bool] = {}
"""Nothing is known of the thread."""

COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_OPERATORS: Mapping[str, Callable[[int, int], bool]] = {
    **COMPARISONS,
    "&": lambda number, bits: bool(number & bits),
}


def passes(
    superset: Superset,
    paths: Collection[Path],
    numbers: Mapping[Number | Param, int],
    traits: Mapping[str, bool] = NOBODY,
) -> bool:
    """Whether a superset holds for what is known of the call's paths, of numbers, and of the thread (by Who.text)."""
    match superset:
        case All(parts):
            return all(passes(part, paths, numbers, traits) for part in parts)
        case Any(parts):
            return any(passes(part, paths, numbers, traits) for part in parts)
        case Who(text, negated):
            return text not in traits or traits[text] is not negated
        case Where():
            return any(_has_text(superset, path) for path in paths)
        case Level(slashes):
            return any(path.whole is None or path.whole.count(b"/") == slashes for path in paths)
        case How(number, op, value, negated, mask):
            if number not in numbers:
                return True
            known = numbers[number] if mask is None else numbers[number] & mask
            return _OPERATORS[op](known, value) is not negated


def _has_text(test: Where, path: Path) -> bool:
    if path.whole is not None:
        return any(text.found(path.whole) for text in test.texts) is not test.negated
    if path.last is None or test.negated:
        return True
    texts = of_last(test.texts)
    return texts is None or any(text.found(b"/" + path.last) for text in texts)


def of_last(texts: frozenset[Text]) -> frozenset[Text] | None:
    """What a path's last part, with its slash, has wherever the path has one of the texts; None if that is nothing."""
    if not all(text.ends for text in texts):
        return None
    return frozenset(_of_last(text) for text in texts)


def _of_last(text: Text) -> Text:
    slash = text.text.rfind(b"/")
    return text if slash < 0 else Text(text.text[slash:], begins=True, ends=True)


def tests_of(superset: Superset) -> tuple[Where, ...]:
    """The tests of paths, without repetition."""
    if isinstance(superset, Where):
        return (superset,)
    if isinstance(superset, How | Level | Who):
        return ()
    return tuple(dict.fromkeys(test for part in superset.parts for test in tests_of(part)))
