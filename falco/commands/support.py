"""--support: what a report about a problem needs, as one line of JSON, without secrets."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from falco import ENGINE_VERSION, VERSION
from falco.commands import running
from falco.commands.configuration import configure, rules_paths
from falco.commands.say import say
from falco.config import find
from falco.config_schema import Config
from falco.engine.documents import rules_files
from falco.errors import FalcoError
from falco.escape import escape_controls

if TYPE_CHECKING:
    from falco.commands.options import Options
    from falco.containers.engine import Engine

_HIDDEN = "***"
# What stands for a secret in configuration and options: user and password of a URL, what follows its host (web hooks
# have their token there), values of keys that say they are secret, credentials of an HTTP header, the password behind
# the key file of -K.
_SECRETS = (
    (re.compile(r"(\w+://)[^\s\"'/@]+@"), rf"\1{_HIDDEN}@"),
    (re.compile(r"(https?://[^\s/\"']+[/?])[^\s\"']+", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (re.compile(r"(\b(?:bearer|basic)\s+)[\w.~+/=-]+", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (
        re.compile(
            r"([\w-]*(?:passw(?:or)?d|passphrase|token|secret|api[_-]?key|credentials?)[\w-]*[\"']?\s*[:=]\s*)"
            r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'&]+)",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"((?:^|\s)(?:-u|--user)[ =]?)[^\s\"']+"), rf"\1{_HIDDEN}"),
    (re.compile(r"(:[^\s:#]+#)[^\s:]+"), rf"\1{_HIDDEN}"),
)
_REQUIRED_VERSION = re.compile(r"^\s*-\s*required_engine_version:\s*(\d{1,9})\b", re.MULTILINE)


def print_support(options: Options) -> int:
    """Print the bundle: version, system, command line, configuration, rules files, what leaves the kernel, and what a
    Falco that runs here says of itself.
    """
    # What makes the probe takes a while to load, and a replay has no use for it.
    from falco.commands import container_lookups, explanation, probing  # noqa: PLC0415

    path = find(options.config)
    config = _read(path) if path else ""
    bundle = {
        "version": VERSION,
        "engine_version": ENGINE_VERSION,
        "system_info": _system(),
        "probe": probing.report(Path(options.host_root)),
        "filter": [redact(line) for line in explanation.report(options)],
        "running": running.report(_configured(options).health_file, time.time_ns()),
        "container_engines": container_lookups.report(_asked(options)),
        "cmdline": redact(" ".join(("falco", *options.argv))),
        "config": redact(config),
        "rules_files": [_rules_file(name) for name in _names(options)],
    }
    say([json.dumps(bundle, sort_keys=True, separators=(",", ":"))])
    return 0


def _asked(options: Options) -> list[Engine]:
    from falco.commands.container_lookups import asked  # noqa: PLC0415

    return asked(options, _configured(options))


def _configured(options: Options) -> Config:
    """The configuration, or if it cannot be read its defaults."""
    try:
        return configure(options).config
    except FalcoError:
        return Config()


def redact(text: str) -> str:
    """The text with whatever looks like a secret replaced."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _system() -> dict[str, str]:
    names = os.uname()
    return {key: getattr(names, key) for key in ("sysname", "nodename", "release", "version", "machine")}


def _names(options: Options) -> Iterable[str]:
    # A bundle is wanted most when something cannot be loaded, so it does not load anything.
    return rules_files(options.rules or _rules_paths(options))[0]


def _rules_paths(options: Options) -> tuple[str, ...]:
    try:
        return rules_paths(options, configure(options).config)
    except FalcoError:
        return ()


def _rules_file(name: str) -> dict[str, object]:
    content = _read(name)
    required = _REQUIRED_VERSION.search(content)
    variant = {"required_engine_version": int(required[1]) if required else 0, "content": content}
    return {"name": name, "variants": [variant]}


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return escape_controls(f"<{error.strerror}>")
