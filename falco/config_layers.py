"""What every setting is, and where that came from: defaults < image < file < environment < command line.

The environment counts in the container only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from falco import config, config_environment
from falco.config import OPTION_PLACE
from falco.config_schema import Config
from falco.priority import Priority

if TYPE_CHECKING:
    from falco.config_text import Spot
    from falco.errors import Problem

IMAGE_FILES = ("/usr/share/falco/falco.yaml", config.CONTAINER)
"""The settings that the image comes with: those of every installation, and what is different in a container."""
MOUNTED_FILE = "/etc/falco/falco.yaml"
DEFAULT = "default"
HIDDEN = "<hidden>"


@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    """A setting's value, and where it came from."""

    value: object
    origin: str
    from_secret: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Layers:
    """Every setting by its dotted key, in the order of the schema; the options of the environment; what is wrong."""

    values: Mapping[str, Value]
    arguments: Sequence[str]
    problems: tuple[Problem, ...]


def settle(files: Sequence[str], environ: Mapping[str, str], options: Sequence[str] = ()) -> Layers:
    """Lay files, later ones over earlier ones, then the environment, then -o options over the defaults."""
    with_file = bool(files)
    values = {
        key: Value(_default(key) if with_file else declared.without_file, DEFAULT)
        for key, declared in config_environment.every_setting()
    }
    problems: list[Problem] = []
    for path in files:
        found = config.written(path)
        problems += found.problems
        label = "image" if path in IMAGE_FILES else ""
        values.update({key: Value(value, label or _place(found.spots[key])) for key, value in found.values.items()})
    given = config_environment.read(environ)
    problems += given.problems
    for key, one in given.settings.items():
        values[key] = Value(one.value, one.origin, from_secret=one.origin != config_environment.variable(key))
    over = config.written(None, options)
    problems += over.problems
    values.update({key: Value(value, OPTION_PLACE) for key, value in over.values.items()})
    return Layers(values, given.arguments, tuple(problems))


def container_files(image: Sequence[str] = IMAGE_FILES, mounted: str = MOUNTED_FILE) -> list[str]:
    """The files of a container: those of the image, and the one that the user mounted over the image's copy."""
    files = [path for path in image if Path(path).is_file()]
    if Path(mounted).is_file() and not (files and Path(mounted).read_bytes() == Path(files[0]).read_bytes()):
        files.append(mounted)
    return files


def in_container(image: Sequence[str] = IMAGE_FILES) -> bool:
    """Whether this is the container, where the environment counts."""
    return Path(image[-1]).is_file()


def shown(key: str, one: Value) -> str:
    """A value as `falco config` prints it, without what may be secret."""
    value = one.value
    name = key.rpartition(".")[2]
    if one.from_secret:
        return HIDDEN
    if isinstance(value, tuple):
        items = (item.partition("=")[0] + f"={HIDDEN}" if name == "options" else item for item in value)
        return "[" + ", ".join(items) + "]"
    if isinstance(value, Priority):
        return value.name.lower()
    if isinstance(value, bool):
        return str(value).lower()
    if name == "url" and value:
        return _without_secrets(str(value))
    return str(value) if not isinstance(value, str) or value else '""'


def _without_secrets(url: str) -> str:
    """A URL without user, password, path and query: webhooks have their secret in the path."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")
    except ValueError:
        return HIDDEN
    kept = f"{parts.scheme}://{HIDDEN + '@' if host[1] else ''}{host[2]}"
    rest = url.partition("://")[2].partition("/")[2]
    return kept + (f"/{HIDDEN}" if rest or parts.query or parts.fragment else "")


def _place(spot: Spot) -> str:
    return f"{spot.location.path}:{spot.location.line}" if spot.location else ""


def _default(key: str) -> object:
    value: object = Config()
    for name in key.split("."):
        value = getattr(value, name)
    return value
