"""The sieve in the probe, held against the rules: what leaves the kernel without need, and --verify-filter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from falco.capture.probe.sifted import CHEAP, Group
from falco.commands import report
from falco.commands.departures import Departure, Look, Way, departures
from falco.errors import Problem
from falco.events import facts
from falco.filter.words import SHORT
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.capture.probe.plan import Wanted
    from falco.commands.in_force import InForce
    from falco.engine.bind import BoundRule
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.monitor import Matcher

_NAMED = 6
"""So many calls are named in a warning."""


def tell_open(in_force: InForce, wanted: Wanted) -> None:
    """Warn of what leaves the kernel without need. With -A and -w everything has to, and nothing is said."""
    if wanted.syscalls is None:
        return
    found = departures(in_force, wanted, (Way.EVERY,))
    report.warn(held_open(found, in_force.ruleset.rules))
    by_reason: dict[str, list[str]] = {}
    for each in found:
        if each.too_large:
            by_reason.setdefault(each.too_large, []).append(each.name)
    for reason, names in by_reason.items():
        LOG.warning("Every %s call leaves the kernel: the rules test too much (%s)", _calls(names), reason)


def held_open(found: Iterable[Departure], rules: Iterable[BoundRule]) -> Iterator[Problem]:
    """For each rule that holds calls open without meaning to, a warning: which calls, why, and what would be cheaper.

    A rule without evt.type is left alone where it says that this is meant (warn_evttypes).
    """
    held: dict[str, list[tuple[Departure, Look]]] = {}
    for each in found:
        for look in each.looks if each.way is Way.EVERY else ():
            if look.holds_open and not look.meant:
                held.setdefault(look.rule.name, []).append((each, look))
    for bound in rules:
        rule, looks = bound.rule, held.get(bound.rule.name, [])
        if looks and bound.types.names:
            yield _warning(rule, looks, *_reasons(looks))
        elif looks and rule.warn_evttypes:
            yield _warning(rule, looks, ["it names no evt.type"], ["evt.type and evt.dir=< for those that are meant"])


def _reasons(held: list[tuple[Departure, Look]]) -> tuple[list[str], list[str]]:
    """Why calls are held open, and what would be cheaper."""
    why, cheaper = [], []
    if any(look.at_start for _, look in held):
        why.append("it looks at their start too, when little is known")
        cheaper.append("evt.dir=< beside evt.type")
    opens = tuple(dict.fromkeys(field for _, look in held for field in look.opens))
    if opens:
        calls = [each.sifted for each, look in held if each.sifted is not None and look.opens]
        in_order = (call for group in Group for call in calls if call.group is group)
        helpful = dict.fromkeys(field for call in in_order for field in CHEAP[call.group] if field in call.vocabulary)
        why.append(f"the kernel cannot test {SHORT.listed(opens)}")
        cheaper.append(f"`and` with a test of {' or '.join(helpful)} where calls differ in that")
    return why, cheaper


def _warning(rule: Rule, held: list[tuple[Departure, Look]], why: list[str], cheaper: list[str]) -> Problem:
    message = (
        f"every {_calls([each.name for each, _ in held])} call leaves the kernel for it, as {' and '.join(why)};"
        f" cheaper: {', '.join(cheaper)}"
    )
    place, item = rule.place, f'rule "{rule.name}"'
    return Problem(message, place.location, place.snippet, place.width, item, severity="warning", code="every-call")


def _calls(names: list[str]) -> str:
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} (and {len(names) - _NAMED} more)"


class Verified:
    """--verify-filter: rules that look at everything, while the probe marks what it would have kept back.

    A marked event that matches is a defect of Falco, which is told and counted.
    """

    def __init__(self, rules: Matcher) -> None:
        self._rules = rules
        self.marked = self.missed = 0

    def match(self, event: Event) -> Rule | None:
        """The first rule that the event matches."""
        rule = self._rules.match(event)
        if facts.told(event) and facts.marks(event) & facts.SIFTED:
            self.marked += 1
            if rule is not None:
                self.missed += 1
                what = f"{event.num} ({event.type.name})"
                LOG.error("Rule %s matches event %s, which the probe would have kept back", rule.name, what)
        return rule

    def summary(self) -> str:
        """What came of it, for the end of the run."""
        return f"Filter verified: {self.marked} calls would have been kept back, {self.missed} of them match a rule\n"
