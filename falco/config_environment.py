"""The environment variables that configure the container: FALCO_<SECTION>__<KEY> for every setting, and a few besides.

The names are those of falco/config_schema.py, so that no setting can be without its variable.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from falco.config_schema import Config
from falco.config_values import BOOLEAN, NATURAL, TEXT, TEXTS, Kind, Setting, settings, word_of
from falco.errors import Problem, nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PREFIX = "FALCO_"
FILE = "_FILE"
_MAX_FILE_BYTES = 1 << 20

OPTIONS: dict[str, tuple[str, Kind]] = {
    "FALCO_ALL_EVENTS": ("-A", BOOLEAN),
    "FALCO_CRI": ("--cri", TEXTS),
    "FALCO_DISABLE": ("-D", TEXTS),
    "FALCO_DISABLE_SOURCE": ("--disable-source", word_of("syscall", "k8s_audit", items=True)),
    "FALCO_DISABLE_TAG": ("-T", TEXTS),
    "FALCO_PRINT": ("-p", TEXT),
    "FALCO_SNAPLEN": ("-S", NATURAL),
    "FALCO_TAG": ("-t", TEXTS),
}
"""Variables for options of the command that are no settings: rules selection and what is watched."""

_READ_BY_FALCO = ("FALCO_HOSTNAME", "FALCO_K8S_API", "FALCO_K8S_API_CERT", "FALCO_MESOS_API")
_FREE_PREFIX = "FALCO_STATS_EXTRA_"

_SERVICE_LINK = re.compile(
    r"FALCO_(?:.*_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT|PORT_\d+_(?:TCP|UDP)(?:_(?:ADDR|PORT|PROTO))?)", re.DOTALL
)
"""What Kubernetes and docker put into the environment for a service whose name begins with `falco`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """What a variable says, and its name (with the file, if the value is in one)."""

    value: object
    origin: str


@dataclasses.dataclass(frozen=True, slots=True)
class Environment:
    """The settings (by dotted key) and options (by name) that the environment gives, and what is wrong with it."""

    settings: Mapping[str, Given]
    options: Mapping[str, Given]
    problems: tuple[Problem, ...]

    @property
    def arguments(self) -> list[str]:
        """The options as a command line has them."""
        words: list[str] = []
        for name, (letter, kind) in OPTIONS.items():
            if name not in self.options:
                continue
            value = self.options[name].value
            if kind is BOOLEAN:
                words += [letter] if value else []
            else:
                for word in value if isinstance(value, tuple) else (value,):
                    words += _option(letter, str(word))
        return words


def _option(letter: str, word: str) -> list[str]:
    # A value that begins with - must not be taken for an option.
    return [f"{letter}={word}"] if letter.startswith("--") else [f"{letter}{word}"] if word else [letter, ""]


def every_setting(section: type[DataclassInstance] = Config, prefix: str = "") -> Iterator[tuple[str, Setting]]:
    """Every setting by its dotted key."""
    for name, declared in settings(section).items():
        if isinstance(declared, Setting):
            yield prefix + name, declared
        else:
            yield from every_setting(declared, f"{prefix}{name}.")


def variable(key: str) -> str:
    """The variable of a setting."""
    return PREFIX + key.replace(".", "__").upper()


def read(environ: Mapping[str, str]) -> Environment:
    """What the environment says. Mistakes come as problems, all of them."""
    by_name = {variable(key): (key, declared.kind) for key, declared in every_setting()}
    found: dict[str, Given] = {}
    options: dict[str, Given] = {}
    problems: list[Problem] = []
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX):
            continue
        plain = name.removesuffix(FILE)
        if name in by_name or name in OPTIONS:
            target = name
        elif name != plain and (plain in by_name or plain in OPTIONS):
            target = plain
        else:
            problems += _unknown(name, (*by_name, *OPTIONS, *_READ_BY_FALCO))
            continue
        if name != plain and plain in environ and (plain in by_name or plain in OPTIONS):
            problems.append(Problem(f"both {plain} and {name} are set", item=name))
            continue
        key, kind = by_name[target] if target in by_name else (target, OPTIONS[target][1])
        try:
            value = parse(_content(text) if name != target else text, kind)
        except ValueError as error:
            problems.append(Problem(_cannot(str(error), secret=name != target), item=name, expected=kind.expected))
            continue
        origin = name if name == target else f"{name} ({text})"
        (found if target in by_name else options)[key] = Given(value, origin)
    return Environment(found, options, tuple(problems))


def parse(text: str, kind: Kind) -> object:
    """The value that a text stands for. ValueError, whose text is what cannot be used."""
    if not _is_utf8(text):
        raise ValueError("text that is not UTF-8")
    if not kind.items:
        return _scalar(text, kind)
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text)
        except ValueError:
            raise ValueError(f'"{text}": what begins with [ has to be a JSON list') from None
        if any(isinstance(item, dict | list) or item is None for item in items):
            raise ValueError(f'"{text}": the list may only hold texts')
        words = [item if isinstance(item, str) else json.dumps(item) for item in items]
        if not all(map(_is_utf8, words)):
            raise ValueError("text that is not UTF-8")
    else:
        words = [word.strip() for word in text.split(",") if word.strip()]
    return tuple(_scalar(word, kind) for word in words)


def _scalar(text: str, kind: Kind) -> object:
    try:
        return kind.parse(text)
    except (ValueError, OverflowError):
        raise ValueError(f'"{text}"') from None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _content(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ValueError(f"the content of {path}: {reason}") from None
    if len(raw) > _MAX_FILE_BYTES:
        raise ValueError(f"the content of {path}: it is larger than {_MAX_FILE_BYTES} bytes")
    return raw.decode("utf-8", "surrogateescape").rstrip("\r\n")


def _cannot(what: str, *, secret: bool) -> str:
    # What stands in a file may be a secret; what cannot be read has its path in the message.
    return "cannot be what the file holds" if secret and what.startswith('"') else f"cannot be {what}"


def _unknown(name: str, known: tuple[str, ...]) -> Iterator[Problem]:
    """The problem of a name that is no setting's, if it is one."""
    if name in _READ_BY_FALCO or name.startswith(_FREE_PREFIX):
        return
    if "__" in name or not _SERVICE_LINK.fullmatch(name):
        yield Problem(f"there is no variable {name}", nearest=nearest(name, known))
        return
    close = next((one for one in known if one.replace("__", "_") == name), "")
    if close:
        message = f"{name} is taken for a service's address and passed over"
        yield Problem(message, nearest=close, severity="warning", code="service-link")
