"""The sieve in the probe, to be looked at and to be held against the rules: --explain-filter and --verify-filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.capture.probe.sieve import CODES, make_sieve
from falco.commands.in_force import InForce
from falco.commands.rules import load_configured
from falco.commands.say import say
from falco.engine.known_paths import KnownPaths
from falco.events import facts
from falco.filter.superset import ALWAYS, All, Any, How, Level, Number, Superset, Text, Where
from falco.filter.weaken import superset_of
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.commands.options import Options
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.monitor import Matcher

_WORDS = {Number.WRITES: "opened for writing", Number.READS: "opened for reading"}
_MOST_TEXTS = 12


def explain(options: Options) -> int:
    """--explain-filter: what the probe tests before it sends a call, and which rules keep it from testing more."""
    in_force = InForce(load_configured(options).ruleset, options.all_events)
    in_force.know(KnownPaths.build(in_force.ruleset.rules, options.host_root).tables)
    say(_lines(in_force))
    return 0


def _lines(in_force: InForce) -> Iterator[str]:
    sieve = make_sieve(lambda code: [node for _, node in in_force.remaining(code)])
    for code, call in CODES.items():
        rules = in_force.remaining(code)
        if not rules:
            yield f"{call.name}: no rule looks at it, it is not sent"
            continue
        yield f"{call.name}: {len(rules)} rules"
        if call.name not in sieve.by_call:
            yield f"  every call is sent: {sieve.left_open.get(call.name, '')}"
        for rule, node in rules:
            superset = superset_of([node])
            what = "EVERY CALL, nothing in its condition can be tested" if superset == ALWAYS else told(superset)
            yield f"  {rule.name}: {what}"
    yield "All other calls that rules look at are sent whatever they are about."


def told(superset: Superset) -> str:
    """A superset in words."""
    match superset:
        case All(parts):
            return " and ".join(_bracketed(part) for part in parts) or "always"
        case Any(parts):
            return " or ".join(_bracketed(part) for part in parts) or "never"
        case Where(texts, negated):
            return f"the path {'has none of' if negated else 'has one of'} {_texts(texts)}"
        case Level(slashes):
            return f"the path has {slashes} slashes"
        case How(number, op, value, negated):
            if number is Number.FD:
                return f"{'not ' if negated else ''}fd {op} {value}"
            holds = (bool(value) is (op == "=")) is not negated
            return f"{'' if holds else 'not '}{_WORDS[number]}"


def _bracketed(superset: Superset) -> str:
    text = told(superset)
    return f"({text})" if isinstance(superset, All | Any) and len(superset.parts) > 1 else text


def _texts(texts: frozenset[Text]) -> str:
    shown = sorted(f"{'' if t.begins else '*'}{_shown(t.text)}{'' if t.ends else '*'}" for t in texts)
    more = f" and {len(shown) - _MOST_TEXTS} more" if len(shown) > _MOST_TEXTS else ""
    return f"{', '.join(shown[:_MOST_TEXTS])}{more}"


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


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
