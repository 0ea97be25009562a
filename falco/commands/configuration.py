"""The configuration in force: falco.yaml, -o, and the options that override it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from falco import config, logs
from falco.errors import Problem, ProblemsError

if TYPE_CHECKING:
    from falco.commands.options import Options
    from falco.config import Loaded
    from falco.config_schema import Config

STDOUT = "-"


def configure(options: Options) -> Loaded:
    """Read the configuration that the options ask for. ConfigError."""
    loaded = config.load(config.find(options.config), options.option)
    wanted = loaded.config
    if options.unbuffered:
        wanted = dataclasses.replace(wanted, buffered_outputs=False)
    if options.writefile == STDOUT and wanted.stdout_output.enabled:
        # The recording has standard output for itself.
        wanted = dataclasses.replace(
            wanted,
            stdout_output=dataclasses.replace(wanted.stdout_output, enabled=False),
            stderr_output=dataclasses.replace(wanted.stderr_output, enabled=True),
        )
    return dataclasses.replace(loaded, config=wanted)


def log_as(wanted: Config) -> None:
    """Let the log go where the configuration says."""
    logs.setup(
        wanted.log_level,
        stderr=wanted.log_stderr,
        to_syslog=wanted.log_syslog,
        iso_8601=wanted.time_format_iso_8601,
    )


def rules_paths(options: Options, wanted: Config) -> tuple[str, ...]:
    """The rules files and directories to load: those of -r, else those of falco.yaml that exist."""
    paths = options.rules or tuple(filter(_exists, wanted.rules_file))
    if not paths and options.writefile is None:
        message = "You must specify at least one rules file/directory via -r or a rules_file entry in falco.yaml"
        # The first is what holds in a clone.
        expected = ("-r rules/falco_rules.yaml", "rules_file: [/etc/falco/falco_rules.yaml] with a file that exists")
        raise ProblemsError([Problem(message, expected=expected)])
    return paths


def _exists(path: str) -> bool:
    found = Path(path).exists()
    if not found:
        logs.LOG.info("rules_file: %s does not exist and is passed over", path)
    return found
