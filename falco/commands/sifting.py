"""The sieve in the probe, to be looked at and to be held against the rules: --explain-filter and --verify-filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.capture.probe.sieve import make_sieve
from falco.capture.probe.sifted import CHEAP, SIFTED
from falco.capture.probe.text import code
from falco.commands.in_force import InForce
from falco.commands.rules import load_configured
from falco.commands.say import say
from falco.engine.known_paths import KnownPaths
from falco.events import facts
from falco.filter.superset import ALWAYS
from falco.filter.weaken import superset_of, untested
from falco.filter.words import told
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.capture.probe.sieve import Sieve
    from falco.commands.options import Options
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.monitor import Matcher


def explain(options: Options) -> int:
    """--explain-filter: what the probe tests before it sends a call, and which rules keep it from testing more."""
    in_force = InForce(load_configured(options).ruleset, options.all_events)
    in_force.know(KnownPaths.build(in_force.ruleset.rules, options.host_root).tables)
    say(_lines(in_force))
    return 0


def _lines(in_force: InForce) -> Iterator[str]:
    sieve = make_sieve(lambda code: [node for _, node in in_force.remaining(code)])
    for sifted in SIFTED:
        name, rules = sifted.call.name, in_force.remaining(code(sifted.call, "X"))
        if not rules:
            continue
        yield f"{name}: {len(rules)} rules"
        if name not in sieve.by_call:
            yield f"  every call is sent: {sieve.left_open.get(name, '')}"
        for rule, node in rules:
            superset = superset_of([node], sifted.vocabulary)
            if superset == ALWAYS:
                fields = ", ".join(untested([node], sifted.vocabulary))
                yield f"  {rule.name}: EVERY CALL, nothing can be tested of {fields}"
            else:
                yield f"  {rule.name}: {told(superset)}"
    yield "Calls that no rule looks at are not sent. All others that rules look at are, whatever they are about."


def held_open(in_force: InForce) -> Iterator[str]:
    """For each rule that has every call of some kinds leave the kernel a sentence: why, and what would help."""
    found: dict[str, tuple[dict[str, None], dict[str, None], dict[str, None]]] = {}
    for sifted in SIFTED:
        for rule, node in in_force.remaining(code(sifted.call, "X")):
            if superset_of([node], sifted.vocabulary) == ALWAYS:
                calls, fields, helpful = found.setdefault(rule.name, ({}, {}, {}))
                calls[sifted.call.name] = None
                fields.update(dict.fromkeys(untested([node], sifted.vocabulary)))
                helpful.update(dict.fromkeys(CHEAP[sifted.group]))
    for name, (calls, fields, helpful) in found.items():
        yield (
            f"Rule {name} has every {', '.join(calls)} call leave the kernel, which cannot test"
            f" {', '.join(fields) or 'what it compares'} there: with `and` and a test of {', '.join(helpful)} in front,"
            " only those calls would that pass it"
        )


def tell_open(in_force: InForce, sieve: Sieve) -> None:
    """Warn of what leaves the kernel without need."""
    for sentence in held_open(in_force):
        LOG.warning("%s", sentence)
    for name in sorted(sieve.too_large):
        LOG.warning("Every %s call leaves the kernel: the rules test too much (%s)", name, sieve.left_open[name])


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
                LOG.error("Rule %s matches event %s, which the probe would have kept back", rule.name, event.num)
        return rule

    def summary(self) -> str:
        """What came of it, for the end of the run."""
        return f"Filter verified: {self.marked} calls would have been kept back, {self.missed} of them match a rule\n"
