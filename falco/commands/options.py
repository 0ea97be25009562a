"""The options of the command: those of 0.15, and a few of our own, read into one frozen object."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from falco.errors import FalcoError, nearest

_STATS_EXTRA = "FALCO_STATS_EXTRA_"
_MAX_INTERVAL_MS = 10**9
"""Some days, which every timer can do."""
NEEDED = (
    ("-N", "names_only", "--list", "list"),
    ("--all", "all", "--list", "list"),
    ("-P", "pidfile", "-d", "daemon"),
    ("--stats_interval", "stats_interval_ms", "-s", "stats_file"),
    ("-K", "k8s_api_cert", "-k", "k8s_api"),
)
"""Options that mean nothing without another one: both as written and as Options names them."""


class UsageError(FalcoError):
    """The command line cannot be understood."""


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
    explain_filter: bool = False
    verify_filter: bool = False
    json: bool = False
    help: bool = False
    version: bool = False
    host_root: str = "/"
    skip_probe_build: bool = False
    argv: tuple[str, ...] = ()
    stats_extra: Mapping[str, str] = dataclasses.field(default_factory=dict)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text[:18])


def _positive(text: str) -> int:
    number = _natural(text)
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number


def _interval(text: str) -> int:
    number = _positive(text)
    if number > _MAX_INTERVAL_MS:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {_MAX_INTERVAL_MS}")
    return number


def _file(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("an empty name is no file")
    return text


def _duration(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text[:18]):
        raise argparse.ArgumentTypeError(f"invalid duration {text!r}: a whole number of seconds above 0 is needed")
    return int(text[:18])


def build_parser() -> argparse.ArgumentParser:
    """The parser; --help prints it."""
    # Without abbreviations an option that is added later cannot change what an older command line means.
    parser = _Parser(
        prog="falco",
        description="Hold what programs do against rules and raise alerts.",
        epilog="Options with a * may be given several times. `falco alerts --help`: printing stored alerts.",
        add_help=False,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=34, width=100),
    )
    _add_input(parser.add_argument_group("what to watch, and for how long"))
    _add_rules(parser.add_argument_group("rules"))
    _add_alerts(parser.add_argument_group("configuration and alerts"))
    _add_recording(parser.add_argument_group("recording what is watched"))
    _add_metadata(parser.add_argument_group("containers and orchestrators"))
    _add_questions(parser.add_argument_group("questions that are answered instead of watching"))
    return parser


def _add_input(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-e", dest="events_file", metavar="FILE", type=_file, help="read events from a capture; - is standard input"
    )
    group.add_argument(
        "--disable-source",
        metavar="SOURCE",
        action="append",
        choices=("syscall", "k8s_audit"),
        help="do not watch system calls (syscall), or take no posted audit events (k8s_audit); *",
    )
    group.add_argument("-A", dest="all_events", action="store_true", help="also hold events that are ignored otherwise")
    group.add_argument("-M", dest="duration_s", metavar="SECONDS", type=_duration, help="stop after so many seconds")
    group.add_argument(
        "-S", "--snaplen", metavar="BYTES", type=_natural, help="how much of each buffer to capture (80)"
    )
    group.add_argument(
        "-s", dest="stats_file", metavar="FILE", type=_file, help="append statistics to a file while running"
    )
    group.add_argument(
        "--stats_interval", dest="stats_interval_ms", metavar="MS", type=_interval, help="how often -s writes (5000)"
    )
    group.add_argument(
        "--verify-filter", action="store_true", help="have everything sent, and tell what would have been missed"
    )
    group.add_argument("-d", "--daemon", action="store_true", help="run in the background")
    group.add_argument(
        "-P", "--pidfile", metavar="FILE", type=_file, help="where -d writes its process id (/var/run/falco.pid)"
    )


def _add_rules(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-r",
        dest="rules",
        metavar="FILE",
        type=_file,
        action="append",
        help="rules file or directory, instead of falco.yaml's; *",
    )
    group.add_argument("-D", dest="disable", metavar="REGEX", action="append", help="disable rules of that name; *")
    group.add_argument("-T", dest="disable_tag", metavar="TAG", action="append", help="disable rules with that tag; *")
    group.add_argument("-t", dest="tag", metavar="TAG", action="append", help="run only rules with that tag; *")


def _add_alerts(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-c", dest="config", metavar="FILE", help="configuration, else ./falco.yaml or /etc/falco/falco.yaml"
    )
    group.add_argument(
        "-o", "--option", metavar="KEY=VALUE", action="append", help="override a setting; section.key reaches deeper; *"
    )
    group.add_argument(
        "-p",
        "--print",
        metavar="FORMAT",
        help="add to every alert: c(ontainer), k(ubernetes), m(esos), or text of fields",
    )
    group.add_argument("-b", "--print-base64", action="store_true", help="print data buffers in base64")
    group.add_argument("-U", "--unbuffered", action="store_true", help="write each alert at once")
    group.add_argument("-v", dest="verbose", action="store_true", help="say more")


def _add_recording(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-w", "--writefile", metavar="FILE", type=_file, help="record the events into a capture")
    group.add_argument("--filter", metavar="CONDITION", help="record only what meets a condition")
    group.add_argument("--rotate-size", dest="rotate_size_mb", metavar="MB", type=_positive, help="new file after MB")
    group.add_argument("--rotate-seconds", metavar="S", type=_positive, help="new file after S seconds")
    group.add_argument("--rotate-events", metavar="N", type=_positive, help="new file after N events")
    group.add_argument("--rotate-count", metavar="N", type=_positive, help="keep only the last N files")
    group.add_argument("--compress", action="store_true", help="compress the recording")


def _add_metadata(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--cri", metavar="SOCKET", action="append", help="ask this container runtime (CRI) about containers; *"
    )
    group.add_argument(
        "--disable-cri-async",
        action="store_true",
        help="let events wait as long as a container engine may take",
    )
    group.add_argument("-k", "--k8s-api", metavar="URL", help="ask this Kubernetes API server (or FALCO_K8S_API)")
    group.add_argument(
        "-K", "--k8s-api-cert", metavar="CERT", help="TOKENFILE, or CERTFILE:KEYFILE[#PASSWORD][:CAFILE], for -k"
    )
    group.add_argument("-m", "--mesos-api", metavar="URL", help="ask this Mesos API server (or FALCO_MESOS_API)")


def _add_questions(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-h", "--help", action="store_true", help="print this")
    group.add_argument("--version", action="store_true", help="print the version")
    group.add_argument("-V", "--validate", metavar="FILE", type=_file, action="append", help="check a rules file; *")
    group.add_argument("-L", dest="describe_all", action="store_true", help="describe all rules")
    group.add_argument("-l", dest="describe", metavar="RULE", help="describe one rule")
    group.add_argument(
        "--list", metavar="SOURCE", nargs="?", const="", help="list the fields, of syscall or k8s_audit if given"
    )
    group.add_argument("-N", dest="names_only", action="store_true", help="with --list: names only")
    group.add_argument("--all", action="store_true", help="with --list: also fields that 0.15 did not have")
    group.add_argument("-i", "--ignored-events", action="store_true", help="list the events that need -A")
    group.add_argument(
        "--explain-filter", action="store_true", help="say what the probe tests before it sends a call to the rules"
    )
    group.add_argument("--print-rules-code", action="store_true", help="print the Python code that the rules become")
    group.add_argument("--support", action="store_true", help="print version, configuration and rules for a report")
    group.add_argument("--json", action="store_true", help="report mistakes as JSON on standard output")


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
    options = dataclasses.replace(options, stats_extra=extra, host_root=host_root, skip_probe_build=skip)
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
