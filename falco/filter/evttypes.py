"""Which events a rule is run on, read from its evt.type tests as 0.15 does, and the warnings where they tell nothing.

The rules are those of engine/lua/sinsp_rule_utils.lua, unsound ones included: what stands before the first negation
counts, wherever in an `or` it stands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from falco import errors
from falco.errors import Problem
from falco.events import syscalls, table
from falco.events.types import EventFlag
from falco.filter.ast import And, Comparison, Node, Not, Or, Place, Value, ValueKind

IGNORED_EVENTS = frozenset(row.name for row in table.EVENT_TABLE if row.flags & EventFlag.DROP_FALCO)
"""Names of events that are not looked at without -A, and so make no sense in conditions."""

_NO_EVTTYPE = """\
         tests no evt.type, so it has to be tried on events of every type, which costs time.
         If it can only match some types, say so with evt.type in front."""
_TRAILING_EVTTYPE = """\
         tests evt.type behind a negation (not, !=) or within one, so it has to be tried on events of every type,
         which costs time. Put every test of evt.type in front of the first negation,
         and name the types that are wanted rather than those that are not."""
_SHOWN = 1000
"""Characters of a condition that a message shows."""
_MAX_UNKNOWN = 50
"""Unknown names of one rule that are reported."""


@dataclasses.dataclass(frozen=True, slots=True)
class EventTypes:
    """The events a rule is run on: event codes, None for all; and PPM_SC codes of generic events, besides the codes.

    names are those written in the condition, sorted; none when the rule is run on all.
    """

    codes: frozenset[int] | None
    syscalls: frozenset[int]
    names: tuple[str, ...]

    def __str__(self) -> str:
        return ",".join(self.names) or "all"


ALL = EventTypes(None, frozenset(), ())


@dataclasses.dataclass(frozen=True, slots=True)
class Inferred:
    """The outcome for one rule: errors of unknown names, a warning where the tests of evt.type do not help."""

    types: EventTypes
    errors: tuple[Problem, ...]
    warning: Problem | None


def infer(rule: str, condition: Node, text: str, place: Place) -> Inferred:
    """The event types of a rule's expanded condition; text is the condition as written, place where it begins."""
    found, after_negation = False, False
    names: dict[str, Value] = {}
    for comparison, negated in _tests(condition):
        found = True
        after_negation = after_negation or negated
        names.update((value.text, value) for value in _bare(comparison) if value.text not in names)
    unknown = [value for name, value in names.items() if not _known(name)]
    warning = None
    if not found:
        warning = _warning(rule, "no-evttype", text, _NO_EVTTYPE, place)
    elif after_negation:
        warning = _warning(rule, "trailing-evttype", text, _TRAILING_EVTTYPE, place)
    # Names that were only quoted are not seen, which leaves the rule with none: then it runs on all.
    types = ALL if warning or not names else _types(names)
    return Inferred(types, tuple(_unknown(value, text) for value in unknown[:_MAX_UNKNOWN]), warning)


def warning_text(warning: Problem) -> str:
    """A warning of infer() as 0.15 begins it on standard error: `Rule NAME: warning (CODE):`, condition, advice."""
    return f"{warning.item}: warning ({warning.code}):\n{warning.message}"


def ignored(condition: Node, kind: str, name: str) -> Iterator[Problem]:
    """The events and system calls named in a condition that 0.15 does not look at without -A.

    kind is "macro" or "rule"; name is what the message ends with: a macro's condition, a rule's name.
    """
    for comparison in _comparisons(condition):
        if comparison.field.argument is None and comparison.field.name in ("evt.type", "syscall.type"):
            event = comparison.field.name == "evt.type"
            what, names = ("event", IGNORED_EVENTS) if event else ("syscall", syscalls.IGNORED)
            for value in _bare(comparison):
                if value.text in names:
                    message = f'Ignored {what} "{value.text}" in {kind}: {name}'
                    yield _problem(message, value.place, "ignored-event", expected=("option -A to look at all events",))


def one_line(text: str) -> str:
    """A condition for a message: on one line, of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def _known(name: str) -> bool:
    return bool(table.codes_named(name) or syscalls.codes_named(name))


def _types(names: dict[str, Value]) -> EventTypes:
    codes = frozenset(code for name in names for code in table.codes_named(name))
    numbers = frozenset(number for name in names for number in syscalls.codes_named(name))
    return EventTypes(codes, numbers, tuple(sorted(names)))


def _tests(condition: Node) -> Iterator[tuple[Comparison, bool]]:
    """Each test of evt.type, left to right, and whether a negation came before it: it itself counts when it is !=."""
    negated = False
    for node in _preorder(condition):
        if isinstance(node, Not):
            negated = True
        elif isinstance(node, Comparison):
            negated = negated or node.op == "!="
            if node.field.name == "evt.type" and node.field.argument is None and node.op != "exists":
                yield node, negated


def _preorder(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        now = waiting.pop()
        yield now
        if isinstance(now, Not):
            waiting.append(now.child)
        elif isinstance(now, And | Or):
            waiting.extend(reversed(now.children))


def _comparisons(condition: Node) -> Iterator[Comparison]:
    return (node for node in _preorder(condition) if isinstance(node, Comparison))


def _bare(comparison: Comparison) -> Iterator[Value]:
    return (value for value in comparison.values if value.kind is ValueKind.BARE)


def _unknown(value: Value, text: str) -> Problem:
    near = errors.nearest(value.text, {*table.event_names(), *syscalls.SYSCALL_NAMES})
    message = f'Unknown event/syscall "{value.text}" in filter: {one_line(text)}'
    return _problem(message, value.place, "unknown-event", near=near)


def _warning(rule: str, code: str, text: str, advice: str, place: Place) -> Problem:
    return Problem(
        f"{text.strip()}\n{advice}",
        place.location,
        place.snippet,
        place.width,
        f"Rule {rule}",
        severity="warning",
        code=code,
    )


def _problem(message: str, place: Place, code: str, expected: tuple[str, ...] = (), near: str = "") -> Problem:
    return Problem(message, place.location, place.snippet, place.width, "", expected, near, code=code)
