"""Writes what the container's programs read, by the templates of the image: falco.yaml and supervisord.conf.

Values reach a template only through the filter `scalar`, which spells them so that YAML takes them for one value,
whatever they hold. No value of a user reaches supervisord.conf.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from falco.appliance.place import FALCO_YAML, SUPERVISORD_CONF
from falco.priority import Priority

TEMPLATES = Path("/usr/share/falco/templates")

_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")


def falco_yaml(values: Mapping[str, object], templates: Path) -> str:
    """falco.yaml with these values by their dotted keys."""
    tree: dict[str, object] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})  # type: ignore[assignment]
        place[name] = value
    return _environment(templates).get_template(f"{FALCO_YAML}.j2").render(tree=tree)


def supervisord_conf(directory: Path, forwarders: Iterable[str], templates: Path) -> str:
    """supervisord.conf for the detector and these forwarders; directory is where all that is rendered lies."""
    names = tuple(forwarders)
    for word in (str(directory), *names):
        if not re.fullmatch(r"[A-Za-z0-9_/.-]+", word):
            raise ValueError(f"{word!r} cannot stand in {SUPERVISORD_CONF}")
    template = _environment(templates).get_template(f"{SUPERVISORD_CONF}.j2")
    return template.render(directory=str(directory), forwarders=names)


def write(directory: Path, name: str, text: str) -> Path:
    """Put a file there as a whole, for its owner only."""
    path, new = directory / name, directory / f"{name}.new"
    new.unlink(missing_ok=True)
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(text)
    return new.replace(path)


def scalar(value: object) -> str:
    """A value as YAML, in one line and ASCII only. ValueError for what no setting can be."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Priority):
        return value.name.lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(scalar, value)) + "]"
    if isinstance(value, str):
        return f'"{_NOT_PLAIN.sub(_spell, value)}"'
    raise ValueError(value)


def _spell(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _environment(templates: Path) -> SandboxedEnvironment:
    made = SandboxedEnvironment(
        loader=FileSystemLoader(templates), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    made.filters["scalar"] = scalar
    return made
