"""Which of the loaded rules are run: -D, -T, -t and `enabled:`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco.errors import FalcoError, Problem, RulesError

if TYPE_CHECKING:
    from falco.engine.rule import Rule

# std::regex knows these in brackets; Python's re does not.
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_CLASS = re.compile(r"\[:(\w+):\]")


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """The options as given: patterns of -D, tags of -T and of -t."""

    disabled_patterns: tuple[str, ...] = ()
    disabled_tags: tuple[str, ...] = ()
    enabled_tags: tuple[str, ...] = ()


def select_rules(rules: Iterable[Rule], selection: Selection) -> tuple[Rule, ...]:
    """The rules that are run, in the order given.

    -t runs the rules that have one of its tags, `enabled: false` or not, and no others. Without it a rule runs unless
    it has `enabled: false`, a pattern matches its whole name, or it has a tag of -T. (In 0.15 the name of a rule had
    to match itself as a regular expression, so that one with brackets in it never ran; that is not copied.)
    Raises FalcoError where -t is used with -D or -T, RulesError for a pattern that is no regular expression.
    """
    if selection.enabled_tags and (selection.disabled_patterns or selection.disabled_tags):
        raise FalcoError("You can not specify both disabled (-D/-T) and enabled (-t) rules")
    if selection.enabled_tags:
        return tuple(rule for rule in rules if not set(rule.tags).isdisjoint(selection.enabled_tags))
    patterns = _compile(selection.disabled_patterns)
    return tuple(
        rule
        for rule in rules
        if rule.enabled
        and set(rule.tags).isdisjoint(selection.disabled_tags)
        and not any(pattern.fullmatch(rule.name) for pattern in patterns)
    )


def unmatched(rules: Iterable[Rule], selection: Selection) -> tuple[Problem, ...]:
    """Warnings of options that apply to none of the rules: they are likely to be mistyped."""
    known = tuple(rules)
    tags = {tag for rule in known for tag in rule.tags}
    found = [
        f"-D {pattern.pattern}: no rule has such a name"
        for pattern in _compile(selection.disabled_patterns)
        if not any(pattern.fullmatch(rule.name) for rule in known)
    ]
    for letter, wanted in (("-T", selection.disabled_tags), ("-t", selection.enabled_tags)):
        found += [f"{letter} {tag}: no rule has this tag" for tag in wanted if tag not in tags]
    return tuple(Problem(message, severity="warning", code="option") for message in found)


def _compile(texts: Iterable[str]) -> list[re.Pattern[str]]:
    patterns: list[re.Pattern[str]] = []
    problems: list[Problem] = []
    for text in texts:
        try:
            patterns.append(re.compile(_CLASS.sub(_python_class, text)))
        except (re.error, RecursionError, OverflowError) as error:
            problems.append(Problem(f"-D {text}: not a regular expression: {error}", code="option"))
    if problems:
        raise RulesError(problems)
    return patterns


def _python_class(match: re.Match[str]) -> str:
    return _CLASSES.get(match[1], match[0])
