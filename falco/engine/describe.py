"""The table that -L and -l print: rule names and their descriptions, wrapped."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from falco import errors
from falco.errors import Problem, RulesError

if TYPE_CHECKING:
    from falco.engine.rule import Rule

_NAME_WIDTH = 50
_TEXT_WIDTH = 60


def describe_rules(rules: Sequence[Rule], name: str | None = None) -> str:
    """The table of all rules, or of the one with this name; raises RulesError if there is none."""
    chosen = [rule for rule in rules if name is None or rule.name == name]
    if name is not None and not chosen:
        near = errors.nearest(name, (rule.name for rule in rules))
        raise RulesError([Problem(f"No such rule: {name}", nearest=near, code="option")])
    heading = [_row("Rule", "Description"), _row("----", "-----------")]
    rows = [row for rule in chosen for row in (_described(rule), "")]
    return "\n".join(["", *heading, *rows]) + "\n"


def _described(rule: Rule) -> str:
    lines = textwrap.wrap(rule.description, _TEXT_WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join([_row(rule.name, lines[0]), *(_row("", line) for line in lines[1:])])


def _row(name: str, text: str) -> str:
    return f"{name:<{_NAME_WIDTH}} {text}".rstrip()
