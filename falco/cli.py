"""The command `falco`: reads the command line, answers a question or watches, and turns every outcome into an exit
status: 0 for done, 1 for a mistake that was told, 130 and 141 for what the signals INT and PIPE would have given.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from falco import logs
from falco.commands import alerts, fields, origins, report, rules, start, support, usage
from falco.commands.options import Options, parse
from falco.commands.parser import UsageError
from falco.errors import FalcoError


def _explain_filter(options: Options) -> int:
    # What makes the probe takes a while to load, and a replay has no use for it.
    from falco.commands.explanation import explain  # noqa: PLC0415

    return explain(options)


QUESTIONS: tuple[tuple[Callable[[Options], bool], Callable[[Options], int]], ...] = (
    (lambda options: options.help, usage.print_help),
    (lambda options: options.version, usage.print_version),
    (lambda options: options.ignored_events, fields.print_ignored),
    (lambda options: options.list is not None, fields.print_list),
    (lambda options: bool(options.validate), rules.validate),
    (lambda options: options.support, support.print_support),
    (lambda options: options.describe_all or options.describe is not None, rules.describe),
    (lambda options: options.print_rules_code, rules.print_code),
    (lambda options: options.explain_filter is not None, _explain_filter),
)
"""What is asked for instead of watching; the first that applies is answered."""

SUBCOMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"alerts": alerts.alerts, "config": origins.print_settings}
"""Words that may stand first, each with options of its own."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status."""
    _prepare_streams()
    logs.setup()
    given = list(sys.argv[1:] if argv is None else argv)
    try:
        if given and given[0] in SUBCOMMANDS:
            return _guarded(lambda: SUBCOMMANDS[given[0]](given[1:]))
        options = parse(given, os.environ)
    except UsageError as error:
        logs.to_stderr(f"falco: {error}\n{error.command} --help lists the options.\n")
        return 1
    except SystemExit as end:  # argparse has printed what was asked for.
        return int(end.code or 0)
    answer = next((answer for asked, answer in QUESTIONS if asked(options)), start.run)
    return _guarded(lambda: answer(options), verbose=options.verbose, as_json=options.json)


def _prepare_streams() -> None:
    """Write UTF-8 whatever the locale is, and to nowhere where a stream is closed."""
    if sys.stdin is None:
        # Or the first file that is opened would be taken for standard input.
        sys.stdin = Path(os.devnull).open(encoding="utf-8")
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _guarded(answer: Callable[[], int], *, verbose: bool = False, as_json: bool = False) -> int:
    try:
        return answer()
    except UsageError:
        raise
    except FalcoError as error:
        report.fatal(error, as_json=as_json)
        _leave_stdout()
    except BrokenPipeError:  # Whoever read our output has seen enough.
        _leave_stdout()
        return 141
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a defect of ours; the user gets a sentence, with -v the traceback.
        if verbose:
            logs.to_stderr(traceback.format_exc())
        report.defect(error)
    return 1


def _leave_stdout() -> None:
    """Let no write to standard output fail when Python cleans up."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
