"""Tells mistakes and warnings: a first line in the words of 0.15 that other programs look for, then all of it."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable

from falco.errors import CaptureError, ConfigError, FalcoError, Problem, ProblemsError, RulesError
from falco.escape import blank_controls, escape_controls
from falco.filter.evttypes import warning_text
from falco.logs import complain, to_stderr

_OWN_FORM = ("no-evttype", "trailing-evttype")
"""Warnings that other programs look for in the form that 0.15 gave them."""
_PREFIXES = {RulesError: "Error loading rules: ", ConfigError: "Error reading configuration: "}


def fatal(error: FalcoError, *, as_json: bool) -> None:
    """Say why Falco ends: one line to the log and standard error, then every problem with its place.

    The JSON form of the problems goes to standard output, where nothing else is then, but for alerts (one a line).
    """
    text = f"Runtime error: {_summary(error)}. Exiting."
    for line in text.split("\n") if error.in_lines else (text,):
        complain(line)
    if as_json:
        sys.stdout.write(as_document(error, ()) + "\n")
    elif isinstance(error, ProblemsError):
        to_stderr(as_text(error.problems))


def defect(error: Exception) -> None:
    """Say that something went wrong which is not the user's mistake."""
    complain(f"Internal error: {type(error).__name__}: {error}. This is a defect of Falco; -v shows where. Exiting.")


def not_reloaded(error: FalcoError) -> None:
    """Say what is wrong with the configuration or rules that a reload found."""
    complain(f"Reload failed, everything stays as it was: {_summary(error)}")
    if isinstance(error, ProblemsError):
        to_stderr(as_text(error.problems))


def warn(problems: Iterable[Problem]) -> None:
    """Print warnings on standard error."""
    to_stderr(as_text(problems))


def as_text(problems: Iterable[Problem]) -> str:
    """Problems as lines for a terminal, which their text cannot steer."""
    return "".join(f"{_shown(problem)}\n" for problem in problems)


def as_document(error: FalcoError | None, warnings: Iterable[Problem]) -> str:
    """One line of JSON: {"valid", "errors", "warnings"}."""
    found = [*_problems(error), *warnings]
    return json.dumps(
        {
            "valid": error is None,
            "errors": [p.as_json() for p in found if p.severity == "error"] + _capture_entry(error),
            "warnings": [p.as_json() for p in found if p.severity != "error"],
        }
    )


def _summary(error: FalcoError) -> str:
    if not isinstance(error, ProblemsError):
        return str(error).removesuffix(".")
    first = next((p for p in error.problems if p.severity == "error"), Problem(str(error)))
    prefix = next((text for kind, text in _PREFIXES.items() if isinstance(error, kind)), "")
    return prefix + " ".join(first.message.split()).removesuffix(".")


def _shown(problem: Problem) -> str:
    safe = dataclasses.replace(
        problem,
        message="\n".join(map(escape_controls, problem.message.split("\n"))),
        # Columns must stay where they are, or the caret would point elsewhere.
        snippet=blank_controls(problem.snippet),
        item=escape_controls(problem.item),
        expected=tuple(map(escape_controls, problem.expected)),
        nearest=escape_controls(problem.nearest),
    )
    return warning_text(safe) if safe.code in _OWN_FORM else str(safe)


def _problems(error: FalcoError | None) -> tuple[Problem, ...]:
    if isinstance(error, ProblemsError):
        return error.problems
    return (Problem(str(error)),) if error is not None and not isinstance(error, CaptureError) else ()


def _capture_entry(error: FalcoError | None) -> list[dict[str, object]]:
    if not isinstance(error, CaptureError):
        return []
    return [{**Problem(error.message).as_json(), "file": error.path, "offset": error.offset}]
