"""The container's entry point: configuration from files and environment, preflight, and then the detector with its
forwarders under supervision, or whatever command was given instead.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from falco import config, config_layers, logs
from falco.appliance import place, preflight, render
from falco.cli import QUESTIONS, SUBCOMMANDS
from falco.commands import report
from falco.commands.delivery import enabled_forwarders
from falco.commands.options import Options, parse
from falco.commands.parser import UsageError
from falco.errors import ConfigError, FalcoError

if TYPE_CHECKING:
    from falco.config_layers import Layers
    from falco.config_schema import Config

FALCO = "/usr/local/bin/falco"
PREPARE = "--prepare-again"
"""The one argument with which only the configuration is rendered, for a reload."""


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What the container is to do: run falco with options, or its sub-command, or another command."""

    command: tuple[str, ...]
    options: Options | None = None

    @property
    def watches(self) -> bool:
        """Whether it is to watch, which is what gets supervision."""
        options = self.options
        return options is not None and options.events_file is None and not any(ask(options) for ask, _ in QUESTIONS)


def understand(argv: Sequence[str], environ: Mapping[str, str]) -> Request:
    """What stands behind the image's name. UsageError.

    0.15's way of naming the command (`falco`, `/usr/bin/falco`) before its options is taken too.
    """
    words = tuple(argv)
    if words and Path(words[0]).name == "falco":
        words = words[1:]
    elif words and not words[0].startswith("-") and words[0] not in SUBCOMMANDS:
        return Request(words)
    if words[:1] and words[0] in SUBCOMMANDS:
        return Request((FALCO, *words))
    return Request(words, parse(words, environ))


def prepare(environ: Mapping[str, str]) -> tuple[Path, Layers]:
    """Write the configuration in force into a directory of ours. ConfigError with every mistake."""
    layers = config_layers.settle(config_layers.container_files(), environ)
    report.warn([problem for problem in layers.problems if problem.severity != "error"])
    errors = [problem for problem in layers.problems if problem.severity == "error"]
    if errors:
        raise ConfigError(errors)
    directory = place.make()
    values = {key: one.value for key, one in layers.values.items()}
    values["health_file"] = values["health_file"] or str(directory / place.HEALTH)
    checked = render.write(directory, place.NEXT, render.falco_yaml(values, render.TEMPLATES))
    config.load(str(checked))
    # What is in force stays so until its successor is known to be good.
    checked.replace(directory / place.FALCO_YAML)
    return directory, layers


def start(argv: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Prepare, and become what was asked for. FalcoError."""
    request = understand(argv, environ)
    directory, layers = prepare(environ)
    path = str(directory / place.FALCO_YAML)
    root = preflight.host_root(environ.get("HOST_ROOT") or environ.get("SYSDIG_HOST_ROOT") or "")
    # With --read-only there is no other place for temporary files.
    variables = {"TMPDIR": str(directory), **environ, "HOST_ROOT": root}
    if request.options is None:
        _become(_with_configuration(request.command, path), variables)
    arguments = [*([] if request.options.config else ["-c", path]), *layers.arguments, *request.command]
    if not request.watches:
        _become((FALCO, *arguments), variables)
    options = parse(arguments, environ)
    settings = config.load(options.config, options.option).config
    if "syscall" not in options.disable_source:
        _look_around(preflight.Place(Path(root), _sockets(options, settings)))
    supervise(directory, arguments, options, settings)
    _become((sys.executable, "-P", "-m", "falco.appliance.init", str(directory)), variables)


def supervise(directory: Path, arguments: Sequence[str], options: Options, settings: Config) -> None:
    """Write what supervisord and the programs that it runs read."""
    detector = {
        "arguments": list(arguments),
        "watches": "syscall" not in options.disable_source,
        "health_file": settings.health_file,
    }
    render.write(directory, place.DETECTOR, json.dumps(detector))
    supervisord = render.supervisord_conf(directory, enabled_forwarders(settings), render.TEMPLATES)
    render.write(directory, place.SUPERVISORD_CONF, supervisord)


def _with_configuration(command: tuple[str, ...], path: str) -> tuple[str, ...]:
    """`falco alerts` looks at the store of the configuration in force."""
    if command[:2] == (FALCO, "alerts") and not any(word.startswith("-c") for word in command[2:]):
        return (*command, "-c", path)
    return command


def _sockets(options: Options, settings: Config) -> tuple[str, ...]:
    wanted = settings.containers
    return (*wanted.docker_sockets, *wanted.podman_sockets, *(options.cri or wanted.cri_sockets))


def _look_around(here: preflight.Place) -> None:
    findings = preflight.check(here)
    for finding in findings:
        if not finding.fatal:
            logs.LOG.warning("%s", finding)
    fatal = [str(finding) for finding in findings if finding.fatal]
    if fatal:
        raise FalcoError("; ".join(fatal))


def _become(command: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    found = shutil.which(command[0])
    if found is None:
        raise FalcoError(f"there is no command {command[0]!r} in the container")
    sys.stdout.flush()
    os.execve(found, list(command), dict(environ))


def main() -> int:
    """The entry point's exit status, if nothing was started."""
    logs.setup(iso_8601=True)
    try:
        if sys.argv[1:] == [PREPARE]:
            prepare(os.environ)
            return 0
        start(sys.argv[1:], os.environ)
    except UsageError as error:
        logs.to_stderr(f"falco: {error}\nfalco --help lists the options.\n")
    except FalcoError as error:
        report.fatal(error, as_json=False)
    return 1


if __name__ == "__main__":
    sys.exit(main())
