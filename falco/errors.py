"""What can go wrong, with its place: each mistake a user can make becomes a Problem that says where and what to do.

A loader gathers all problems of all files and raises once (ProblemsError). A capture stops at the first byte that
makes no sense (CaptureError). Everything else inside uses Python's own exceptions.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, slots=True)
class Location:
    """A place in a text file: line and column count from 1, the column in characters."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One mistake (or warning) in rules, configuration or an option.

    snippet is the source line as written; width is how many characters the caret underlines from location.column.
    item names what the place belongs to ('rule "Write below etc"'); expected and nearest may be empty.
    """

    message: str
    location: Location | None = None
    snippet: str = ""
    width: int = 1
    item: str = ""
    expected: tuple[str, ...] = ()
    nearest: str = ""
    severity: str = "error"
    code: str = ""

    def __str__(self) -> str:
        return render(self)

    def as_json(self) -> dict[str, object]:
        """The problem as a JSON object; line and column are null where there is no file."""
        place = self.location
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": place.path if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "item": self.item or None,
            "snippet": self.snippet or None,
            "expected": list(self.expected),
            "nearest": self.nearest or None,
        }


def render(problem: Problem) -> str:
    """The problem as lines for a terminal: place, message, snippet with a caret, what was expected, nearest name."""
    where = f"{problem.location}: " if problem.location else ""
    what = f"{problem.item}: " if problem.item else ""
    kind = f"warning ({problem.code})" if problem.severity == "warning" and problem.code else problem.severity
    lines = [f"{where}{kind}: {what}{problem.message}"]
    if problem.snippet and problem.location:
        # Tabs are kept in the caret line so that it stays under the token whatever the tab width is.
        lead = "".join("\t" if c == "\t" else " " for c in problem.snippet[: problem.location.column - 1])
        width = max(1, min(problem.width, len(problem.snippet) - problem.location.column + 1))
        lines += ["  " + problem.snippet, "  " + lead + "^" * width]
    if problem.expected:
        lines.append("  expected: " + ", ".join(problem.expected))
    if problem.nearest:
        lines.append(f"  did you mean: {problem.nearest}")
    return "\n".join(lines)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name that looks most like word, or '' if none is close."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=_ALIKE)
    return found[0] if found and _alike(word, found[0]) else ""


_ALIKE, _ALIKE_BEHIND = 0.6, 0.5


def _alike(word: str, name: str) -> bool:
    """Whether two names have more in common than what stands before their last dot (`proc.`)."""
    group, dot, rest = word.rpartition(".")
    if not dot or not name.startswith(group + dot):
        return True
    return difflib.SequenceMatcher(None, rest, name[len(group) + 1 :]).ratio() >= _ALIKE_BEHIND


def in_order(problems: Iterable[Problem], files: Iterable[str]) -> tuple[Problem, ...]:
    """Problems in the order in which someone who goes through the files meets them: by file as given, line, column.

    Those that are not about one of the files (an option) come after them, those without a place last. What is found
    twice, in a file that is read twice, is one problem.
    """
    order = {path: number for number, path in enumerate(files)}

    def key(problem: Problem) -> tuple[int, int, int]:
        place = problem.location
        if place is None:
            return len(order) + 1, 0, 0
        return order.get(place.path, len(order)), place.line, place.column

    return tuple(dict.fromkeys(sorted(problems, key=key)))


class FalcoError(Exception):
    """Base of every error that is told to the user as one message and ends with exit status 1.

    in_lines says that the message has lines on purpose, none of which is anything that others chose.
    """

    in_lines = False


class ProblemsError(FalcoError):
    """Rules, configuration or options that cannot be used; carries every problem that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigError(ProblemsError):
    """falco.yaml or an -o option cannot be used."""


class RulesError(ProblemsError):
    """The rules files cannot be used."""


class CaptureError(FalcoError):
    """A capture is truncated, garbled or of an unknown form; offset is the byte in the uncompressed stream."""

    def __init__(self, path: str, offset: int, message: str) -> None:
        self.path, self.offset, self.message = path, offset, message
        super().__init__(f"{path}: byte {offset}: {message}")
