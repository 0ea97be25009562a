"""The options of the command: those of 0.15, and a few of our own, read into one frozen object."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

from falco.commands import running
from falco.commands.arguments import build_parser
from falco.commands.parser import UsageError
from falco.errors import nearest

_STATS_EXTRA = "FALCO_STATS_EXTRA_"
NEEDED = (
    ("-N", "names_only", "--list", "list"),
    ("--all", "all", "--list", "list"),
    ("-P", "pidfile", "-d", "daemon"),
    ("--stats_interval", "stats_interval_ms", "-s", "stats_file"),
    ("-K", "k8s_api_cert", "-k", "k8s_api"),
)
"""Options that mean nothing without another one: both as written and as Options names them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """The command line with what the environment adds to it. Names are those of the long options."""

    config: str | None = None
    all_events: bool = False
    print_base64: bool = False
    cri: tuple[str, ...] = ()
    disable_cri_async: bool = False
    daemon: bool = False
    disable: tuple[str, ...] = ()
    events_file: str | None = None
    ignored_events: bool = False
    k8s_api: str | None = None
    k8s_api_cert: str | None = None
    describe_all: bool = False
    describe: str | None = None
    list: str | None = None
    all: bool = False
    names_only: bool = False
    mesos_api: str | None = None
    duration_s: int = 0
    option: tuple[str, ...] = ()
    print: str | None = None
    pidfile: str = "/var/run/falco.pid"
    rules: tuple[str, ...] = ()
    stats_file: str | None = None
    stats_interval_ms: int = 5000
    snaplen: int = 80
    support: bool = False
    disable_source: tuple[str, ...] = ()
    disable_tag: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    unbuffered: bool = False
    validate: tuple[str, ...] = ()
    verbose: bool = False
    writefile: str | None = None
    filter: str | None = None
    rotate_size_mb: int = 0
    rotate_seconds: int = 0
    rotate_count: int = 0
    rotate_events: int = 0
    compress: bool = False
    print_rules_code: bool = False
    explain_filter: str | None = None
    verify_filter: bool = False
    json: bool = False
    help: bool = False
    version: bool = False
    host_root: str = "/"
    skip_probe_build: bool = False
    service_health_file: str = ""
    argv: tuple[str, ...] = ()
    stats_extra: Mapping[str, str] = dataclasses.field(default_factory=dict)


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Read a command line (without the program's name). UsageError."""
    parser = build_parser()
    namespace, rest = parser.parse_known_args(list(argv))
    if rest:
        known = [name for action in parser._actions for name in action.option_strings]
        close = nearest(rest[0].partition("=")[0], known)
        raise UsageError(f"unrecognized argument {rest[0]!r}" + (f", did you mean {close}?" if close else ""))
    values: dict[str, Any] = {}
    for name, value in vars(namespace).items():
        if value is not None:
            values[name] = tuple(value) if isinstance(value, list) else value
    options = Options(**values, argv=tuple(argv))
    return _absolute(_with_environment(options, environ))


def _with_environment(options: Options, environ: Mapping[str, str]) -> Options:
    extra = {key.removeprefix(_STATS_EXTRA): value for key, value in environ.items() if key.startswith(_STATS_EXTRA)}
    host_root = environ.get("HOST_ROOT") or environ.get("SYSDIG_HOST_ROOT") or "/"
    skip = bool(environ.get("SKIP_PROBE_BUILD") or environ.get("SYSDIG_SKIP_LOAD"))
    options = dataclasses.replace(
        options, stats_extra=extra, host_root=host_root, skip_probe_build=skip,
        service_health_file=running.service_file(environ.get("RUNTIME_DIRECTORY", "")),
    )  # fmt: skip
    if options.events_file is not None:
        return options  # A replay asks no API server, so 0.15 does not look there for one.
    return dataclasses.replace(
        options,
        k8s_api=options.k8s_api or environ.get("FALCO_K8S_API"),
        k8s_api_cert=options.k8s_api_cert or environ.get("FALCO_K8S_API_CERT"),
        mesos_api=options.mesos_api or environ.get("FALCO_MESOS_API"),
    )


def _absolute(options: Options) -> Options:
    """Paths that still hold when -d has changed the working directory."""
    if not options.daemon:
        return options
    singles = ("config", "events_file", "stats_file", "writefile", "pidfile")
    paths = {name: getattr(options, name) for name in singles}
    changed = {name: os.path.abspath(path) for name, path in paths.items() if path and path != "-"}  # noqa: PTH100
    return dataclasses.replace(options, **changed, rules=tuple(map(os.path.abspath, options.rules)))


def unused(options: Options) -> list[str]:
    """What to tell about options that mean nothing without another one that is not there."""
    default = Options()
    return [
        f"{letter} has no effect without {other}"
        for letter, name, other, needed in NEEDED
        if getattr(options, name) != getattr(default, name) and getattr(options, needed) == getattr(default, needed)
    ]
