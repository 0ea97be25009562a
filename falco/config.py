"""Reads falco.yaml and the -o options into a Config, with every mistake placed and all of them reported in one run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml

from falco import config_checks, config_text
from falco.config_schema import Config
from falco.config_text import Spot, Text
from falco.config_values import Kind, Setting, settings
from falco.errors import ConfigError, Problem, nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SEARCHED = ("./falco.yaml", "/etc/falco/falco.yaml")
"""Where falco.yaml is looked for when -c does not say."""
CONTAINER = "/usr/share/falco/image.yaml"
"""Only the container image has this file, with the settings that are different there."""
RENDERED = ("/run/falco/falco.yaml", "/dev/shm/falco/falco.yaml")
"""The settings in force in a container that runs, which come from its files and its environment."""

OPTION_PLACE = "-o"
"""What stands for a file name in the places of -o options; the line is the number of the option."""

_SENTENCES = {
    "priority": 'Unknown priority "{}"--must be one of emergency, alert, critical, error, warning, notice, '
    "informational, debug",
    "log_level": "Unknown log level {}",
    "syscall_event_drops.actions": 'syscall event drop action {} must be one of "ignore", "log", "alert", or "exit"',
}
"""How 0.15 puts it when a value is none of those it knows."""


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """A usable configuration, the file it came from (None: built-in defaults), and what to warn about."""

    config: Config
    path: str | None
    warnings: tuple[Problem, ...]


def find(
    explicit: str | None,
    searched: Iterable[str] = SEARCHED,
    rendered: Iterable[str] = RENDERED,
    container: str = CONTAINER,
) -> str | None:
    """The file to read: explicit if given, else, where the file container is, the first of rendered that exists, else
    the first of searched that does, else None.
    """
    # On a host, somebody else may have put a file into /dev/shm.
    places = (*rendered, *searched) if Path(container).is_file() else searched
    return explicit or next((path for path in places if _is_there(path)), None)


def _is_there(path: str) -> bool:
    try:
        return Path(path).is_file()
    except PermissionError:  # What is rendered is for the container's own user.
        return False


def load(path: str | None, options: Sequence[str] = ()) -> Loaded:
    """Read a file (None: start from the built-in defaults) and apply -o options over it. ConfigError on mistakes."""
    reader = _reader_of(path, options)
    config = cast(Config, reader.build(Config, "", from_file=path is not None))
    if not reader.failed():
        # A file that could not be read has no settings, and what is missing then is not the user's mistake.
        reader.problems += config_checks.check(config, reader.spots)
    if reader.failed():
        raise ConfigError(reader.problems)
    return Loaded(config, path, tuple(reader.problems))


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """What a file and -o options set, by dotted key, and where; what is wrong with it."""

    values: Mapping[str, object]
    spots: Mapping[str, Spot]
    problems: tuple[Problem, ...]


def written(path: str | None, options: Sequence[str] = ()) -> Written:
    """What a file (None: no file) and -o options over it set, without defaults and without looking at the whole."""
    reader = _reader_of(path, options)
    return Written(reader.values, reader.spots, tuple(reader.problems))


def _reader_of(path: str | None, options: Sequence[str]) -> _Reader:
    reader = _Reader()
    if path is not None:
        reader.read_file(path)
    for number, option in enumerate(options, 1):
        reader.read_option(number, option)
    return reader


class _Reader:
    """Gathers values by dotted key, the spots they were written at, and problems."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.spots: dict[str, Spot] = {}
        self.problems: list[Problem] = []

    def failed(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)

    def read_file(self, path: str) -> None:
        """Take the values of a file."""
        try:
            text = config_text.read(path)
            node = text.compose()
        except ConfigError as error:
            self.problems += error.problems
            return
        if isinstance(node, yaml.MappingNode):
            self._read_section(Config, node, "", text)
        elif node is not None:
            self.problems.append(text.spot(node).error(f"{path} holds no settings", ["key: value"]))

    def read_option(self, number: int, option: str) -> None:
        """Take the value of the number-th -o option, `key[.sub...]=value`; one given later replaces it."""
        key, equals, value = option.partition("=")
        text = Text(OPTION_PLACE, option, first_line=number)
        if not equals or not key:
            message = f'Error parsing config option "{option}". Must be of the form key=val or key.subkey=val'
            self.problems.append(text.at(0, 0, len(option)).error(message, ["key=value", "key.subkey=value"]))
            return
        kind = self._kind_of(key, text)
        if kind is None:
            return
        inside = Text(OPTION_PLACE, value, first_line=number, shift=len(key) + 1, shown=option)
        node = _quoted_or_list(inside, kind)
        if node is None:
            self._convert(key, kind, [(value, inside.at(0, 0, len(value)))])
        else:
            self._convert(key, kind, self._words(key, kind, node, inside))
        self.spots[key] = inside.at(0, 0, len(value))

    def build(self, section: type[DataclassInstance], prefix: str, *, from_file: bool) -> object:
        """An instance of section from the values gathered, defaults where there are none."""
        arguments: dict[str, object] = {}
        for name, declared in settings(section).items():
            key = prefix + name
            if not isinstance(declared, Setting):
                arguments[name] = self.build(declared, key + ".", from_file=from_file)
            elif key in self.values:
                arguments[name] = self.values[key]
            elif not from_file:
                arguments[name] = declared.without_file
        return section(**arguments)

    def _read_section(self, section: type[DataclassInstance], node: yaml.MappingNode, prefix: str, text: Text) -> None:
        known = settings(section)
        seen: set[str] = set()
        for key_node, value_node in node.value:
            name = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            spot = text.spot(key_node)
            if name not in known:
                self.problems.append(_unknown(spot, prefix + name, prefix, nearest(name, known)))
            elif name in seen:
                # yaml-cpp, which 0.15 reads with, finds the first of two equal keys.
                message = f'key "{prefix}{name}" is given twice, the first one holds'
                self.problems.append(spot.warning("duplicate-key", message))
            else:
                seen.add(name)
                self._read_value(prefix + name, known[name], value_node, text)

    def _read_value(self, key: str, declared: Setting | type[DataclassInstance], node: yaml.Node, text: Text) -> None:
        if node.tag == "tag:yaml.org,2002:null":
            return
        if isinstance(declared, Setting):
            self._convert(key, declared.kind, self._words(key, declared.kind, node, text))
            self.spots[key] = text.spot(node)
        elif isinstance(node, yaml.MappingNode):
            self._read_section(declared, node, key + ".", text)
        else:
            self.problems.append(text.spot(node).error(f"{key} holds settings of its own", settings(declared)))

    def _words(self, key: str, kind: Kind, node: yaml.Node, text: Text) -> list[tuple[str, Spot]]:
        """The scalars of a value with their spots; a problem for what is none."""
        words: list[tuple[str, Spot]] = []
        for item in node.value if kind.items and isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(item, yaml.ScalarNode):
                words.append((item.value, text.spot(item)))
            else:
                form = "a list" if isinstance(item, yaml.SequenceNode) else "a mapping"
                self.problems.append(text.spot(item).error(f"{key} cannot hold {form}", kind.expected))
        return words

    def _convert(self, key: str, kind: Kind, words: list[tuple[str, Spot]]) -> None:
        values: list[object] = []
        for word, spot in words:
            try:
                values.append(kind.parse(word))
            except ValueError:
                close = nearest(word.lower(), kind.expected) if len(kind.expected) > 1 else ""
                message = _SENTENCES[key].format(word) if key in _SENTENCES else f'{key} cannot be "{word}"'
                self.problems.append(spot.error(message, kind.expected, close))
        if kind.items:
            self.values[key] = tuple(values)
        elif values:
            self.values[key] = values[0]

    def _kind_of(self, key: str, text: Text) -> Kind | None:
        """What a dotted key holds, or None and a problem."""
        declared: Setting | type[DataclassInstance] = Config
        column = 0
        for name in key.split("."):
            known = {} if isinstance(declared, Setting) else settings(declared)
            if name not in known:
                spot = text.at(0, column, len(name))
                self.problems.append(_unknown(spot, key, key[:column], nearest(name, known)))
                return None
            declared = known[name]
            column += len(name) + 1
        if isinstance(declared, Setting):
            return declared.kind
        expected = [f"{key}.{name}" for name in settings(declared)]
        self.problems.append(text.at(0, 0, len(key)).error(f"{key} holds settings of its own", expected))
        return None


def _unknown(spot: Spot, key: str, prefix: str, close: str) -> Problem:
    """The problem of a key that no section has: 0.15 passes over it, but a mistyped forwarder sends nothing."""
    message, close = f'unknown key "{key}"', close and prefix + close
    return (
        spot.error(message, (), close)
        if prefix.startswith("forwarders.")
        else spot.warning("unknown-key", message, close)
    )


def _quoted_or_list(text: Text, kind: Kind) -> yaml.Node | None:
    """The node of a quoted scalar, or of a list where one may stand; None where the text is to be taken as it stands.

    0.15 takes the text of an option as it stands, so a value that only looks like YAML (a program with braces, a path
    with ` #`) must not change.
    """
    if text.text[:1] not in (("'", '"', "[") if kind.items else ("'", '"')):
        return None
    try:
        return text.compose()
    except ConfigError:
        return None
