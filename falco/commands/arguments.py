"""The arguments of the command, in the groups and order of --help."""

from __future__ import annotations

import argparse

from falco.commands import parser


def build_parser() -> argparse.ArgumentParser:
    """The parser; --help prints it."""
    # Without abbreviations an option that is added later cannot change what an older command line means.
    made = parser.Parser(
        prog="falco",
        description="Hold what programs do against rules and raise alerts.",
        epilog="Options with a * may be given several times. `falco alerts --help`: printing stored alerts.",
        add_help=False,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=34, width=100),
    )
    _add_input(made.add_argument_group("what to watch, and for how long"))
    _add_rules(made.add_argument_group("rules"))
    _add_alerts(made.add_argument_group("configuration and alerts"))
    _add_recording(made.add_argument_group("recording what is watched"))
    _add_metadata(made.add_argument_group("containers and orchestrators"))
    _add_questions(made.add_argument_group("questions that are answered instead of watching"))
    return made


def _add_input(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-e",
        dest="events_file",
        metavar="FILE",
        type=parser.file,
        help="read events from a capture; - is standard input",
    )
    group.add_argument(
        "--disable-source",
        metavar="SOURCE",
        action="append",
        choices=("syscall", "k8s_audit"),
        help="do not watch system calls (syscall), or take no posted audit events (k8s_audit); *",
    )
    group.add_argument("-A", dest="all_events", action="store_true", help="also hold events that are ignored otherwise")
    group.add_argument(
        "-M", dest="duration_s", metavar="SECONDS", type=parser.duration, help="stop after so many seconds"
    )
    group.add_argument(
        "-S", "--snaplen", metavar="BYTES", type=parser.natural, help="how much of each buffer to capture (80)"
    )
    group.add_argument(
        "-s", dest="stats_file", metavar="FILE", type=parser.file, help="append statistics to a file while running"
    )
    group.add_argument(
        "--stats_interval",
        dest="stats_interval_ms",
        metavar="MS",
        type=parser.interval,
        help="how often -s writes (5000)",
    )
    group.add_argument(
        "--verify-filter", action="store_true", help="have everything sent, and tell what would have been missed"
    )
    group.add_argument("-d", "--daemon", action="store_true", help="run in the background")
    group.add_argument(
        "-P", "--pidfile", metavar="FILE", type=parser.file, help="where -d writes its process id (/var/run/falco.pid)"
    )


def _add_rules(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-r",
        dest="rules",
        metavar="FILE",
        type=parser.file,
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
    group.add_argument("-w", "--writefile", metavar="FILE", type=parser.file, help="record the events into a capture")
    group.add_argument("--filter", metavar="CONDITION", help="record only what meets a condition")
    group.add_argument(
        "--rotate-size", dest="rotate_size_mb", metavar="MB", type=parser.positive, help="new file after MB"
    )
    group.add_argument("--rotate-seconds", metavar="S", type=parser.positive, help="new file after S seconds")
    group.add_argument("--rotate-events", metavar="N", type=parser.positive, help="new file after N events")
    group.add_argument("--rotate-count", metavar="N", type=parser.positive, help="keep only the last N files")
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
    group.add_argument(
        "-V", "--validate", metavar="FILE", type=parser.file, action="append", help="check a rules file; *"
    )
    group.add_argument("-L", dest="describe_all", action="store_true", help="describe all rules")
    group.add_argument("-l", dest="describe", metavar="RULE", help="describe one rule")
    group.add_argument(
        "--list", metavar="SOURCE", nargs="?", const="", help="list the fields, of syscall or k8s_audit if given"
    )
    group.add_argument("-N", dest="names_only", action="store_true", help="with --list: names only")
    group.add_argument("--all", action="store_true", help="with --list: also fields that 0.15 did not have")
    group.add_argument("-i", "--ignored-events", action="store_true", help="list the events that need -A")
    group.add_argument(
        "--explain-filter", metavar="NAME", nargs="?", const="",
        help="say what the kernel tests before it sends a call, all of it for the call or rule of a name",
    )  # fmt: skip
    group.add_argument("--print-rules-code", action="store_true", help="print the Python code that the rules become")
    group.add_argument("--support", action="store_true", help="print version, configuration and rules for a report")
    group.add_argument("--json", action="store_true", help="report mistakes as JSON on standard output")
