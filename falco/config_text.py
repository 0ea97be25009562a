"""The text of falco.yaml and of -o options: read, decoded and composed into YAML nodes whose places are known."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from falco.errors import ConfigError, Location, Problem

MAX_BYTES = 1 << 20
MAX_DEPTH = 32

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclasses.dataclass(frozen=True, slots=True)
class Spot:
    """What a problem underlines. Without location it concerns no text in particular."""

    location: Location | None = None
    snippet: str = ""
    width: int = 1

    def error(self, message: str, expected: Iterable[str] = (), close: str = "") -> Problem:
        """A mistake at this spot."""
        return Problem(message, self.location, self.snippet, self.width, expected=tuple(expected), nearest=close)

    def warning(self, code: str, message: str, close: str = "") -> Problem:
        """Something odd at this spot that does no harm."""
        place = (self.location, self.snippet, self.width)
        return Problem(message, *place, nearest=close, severity="warning", code=code)


NOWHERE = Spot()


class Text:
    """A text that nodes are composed from.

    first_line and shift say where it stands in what the user wrote, for values inside an option; shown is the line
    that snippets then quote.
    """

    def __init__(self, path: str, text: str, *, first_line: int = 1, shift: int = 0, shown: str | None = None) -> None:
        self.text = text
        self._path = path
        self._first_line = first_line
        self._shift = shift
        self._lines = _LINE_BREAK.split(text if shown is None else shown)

    def at(self, line: int, column: int, width: int = 1) -> Spot:
        """The spot at a line and column that count from 0."""
        snippet = self._lines[line] if line < len(self._lines) else ""
        shift = self._shift if line == 0 else 0  # Only the first line has something before the text.
        return Spot(Location(self._path, self._first_line + line, shift + column + 1), snippet, max(1, width))

    def spot(self, node: yaml.Node) -> Spot:
        """The spot of a node."""
        start, end = node.start_mark, node.end_mark
        return self.at(start.line, start.column, end.column - start.column if end.line == start.line else 1)

    def compose(self) -> yaml.Node | None:
        """The one document of the text, None for an empty one. ConfigError if it is not YAML."""
        try:
            self._limit_depth()
            return yaml.compose(self.text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            reason = " ".join(filter(None, (error.context, error.problem)))
            spot = self.at(mark.line, mark.column) if mark else self.at(0, 0)
            raise ConfigError([spot.error(f"not valid YAML: {reason}")]) from None
        except yaml.YAMLError as error:
            raise ConfigError([self.at(0, 0).error(f"not valid YAML: {str(error).splitlines()[0]}")]) from None

    def _limit_depth(self) -> None:
        # Composing recurses, scanning events does not.
        depth = 0
        for event in yaml.parse(self.text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH and event.start_mark:
                spot = self.at(event.start_mark.line, event.start_mark.column)
                raise ConfigError([spot.error(f"settings are nested more than {MAX_DEPTH} deep")])


def read(path: str) -> Text:
    """The text of a file. ConfigError if it cannot be read or is not UTF-8."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError([NOWHERE.error(f"Could not find configuration file at {path}")]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError([NOWHERE.error(f"Could not read configuration file {path}: {reason}")]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([NOWHERE.error(f"configuration file {path} is larger than {MAX_BYTES} bytes")])
    try:
        return Text(path, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        lines = raw[: error.start].decode("utf-8", "replace").split("\n")
        spot = Spot(Location(path, len(lines), len(lines[-1]) + 1))
        raise ConfigError([spot.error("not valid UTF-8")]) from None
