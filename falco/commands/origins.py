"""`falco config`: every setting in force, and with --show-origin where each came from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from falco import config, config_layers
from falco.commands import report
from falco.commands.parser import Parser
from falco.commands.say import say
from falco.errors import ConfigError


def print_settings(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Print what the command line, without `config`, asks for. ConfigError with every mistake."""
    parser = Parser(prog="falco config", add_help=False, description="Print every setting in force.")
    add = parser.add_argument
    add("-h", "--help", action="help", help="print this")
    add(
        "-c",
        dest="config",
        metavar="FILE",
        help="configuration, else what falco would read; in the container its layers",
    )
    add("-o", "--option", metavar="KEY=VALUE", action="append", default=[], help="override a setting; *")
    add("--show-origin", action="store_true", help="also print where each value came from")
    options = parser.parse_args(list(argv))
    container = config_layers.in_container()
    layers = config_layers.settle(
        _files(options.config, container=container), environ if container else {}, options.option
    )
    errors = [problem for problem in layers.problems if problem.severity == "error"]
    if errors:
        raise ConfigError(errors)
    report.warn(layers.problems)
    rows = [(f"{key}: {config_layers.shown(key, one)}", one.origin) for key, one in layers.values.items()]
    width = max(len(text) for text, _ in rows)
    say(f"{text:{min(width, 70)}}  # {origin}" if options.show_origin else text for text, origin in rows)
    return 0


def _files(explicit: str | None, *, container: bool) -> Sequence[str]:
    if container and explicit is None:
        return config_layers.container_files()
    found = config.find(explicit)
    return () if found is None else (found,)
