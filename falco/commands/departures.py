"""Which system calls leave the kernel, and for which rules: what the probe is told, call by call, in terms of rules."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from falco.capture.probe.calls import CALLS, LIFE
from falco.capture.probe.plan import OTHERS, is_wanted
from falco.capture.probe.sifted import SIFTED, Sifted
from falco.capture.probe.text import code, event_of
from falco.events.table import EVENT_TABLE
from falco.events.types import EventFlag
from falco.filter.superset import ALWAYS, Superset
from falco.filter.untested import opening, untested
from falco.filter.weaken import superset_of
from falco.filter.weaken_traits import traits_of, with_traits
from falco.state.handlers import PROCESS_LIFE

if TYPE_CHECKING:
    from falco.capture.probe.call import Call
    from falco.capture.probe.plan import Wanted
    from falco.commands.in_force import InForce
    from falco.engine.rule import Rule
    from falco.filter.ast import Node


class Way(enum.Enum):
    """What becomes of a kind of call."""

    NEVER = "never"
    """No rule looks at it, and the state does not need it."""
    TESTED = "tested"
    """It is sent if a rule may match, or the state needs this one."""
    EVERY = "every"
    """It could be tested, but a rule holds it open, or there is no room for the tests."""
    UNTESTED = "untested"
    """A rule looks at it, and calls of this kind are not tested."""
    STATE = "state"
    """Every one changes what is known of processes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How a rule looks at a kind of call. superset is what the kernel can test of its condition at the call's end.

    untested counts as true there; opens is what lets every call through, if anything does. at_start says that the rule
    looks at the call's start too, before which there is nothing to test; meant, that it asks for every one on purpose:
    it matches them all, or its key all_events is what lets it look at them.
    """

    rule: Rule
    superset: Superset
    untested: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    at_start: bool = False
    meant: bool = False

    @property
    def holds_open(self) -> bool:
        """Whether every call is sent for this rule."""
        return self.at_start or self.superset == ALWAYS


@dataclasses.dataclass(frozen=True, slots=True)
class Departure:
    """What becomes of a kind of call, and the rules that look at it, in order.

    sifted says what can be tested of it, None if nothing can. too_large is why there is no room for the tests.
    """

    call: Call
    way: Way
    looks: tuple[Look, ...] = ()
    sifted: Sifted | None = None
    too_large: str = ""

    @property
    def name(self) -> str:
        """The call's name."""
        return self.call.name

    @property
    def held_by(self) -> list[Rule]:
        """The rules that hold it open."""
        return [look.rule for look in self.looks if look.holds_open]


_SIFTED = {sifted.call.name: sifted for sifted in SIFTED}


def departures(in_force: InForce, wanted: Wanted, ways: Collection[Way] = frozenset(Way)) -> list[Departure]:
    """What becomes of each kind of system call; wanted is what the rules in force want of the probe.

    Of calls that go other ways than these the rules are left out, which saves the time to look for them.
    """
    return [_departure(call, in_force, wanted, ways) for call in (*LIFE, *CALLS, *OTHERS)]


def _departure(call: Call, in_force: InForce, wanted: Wanted, ways: Collection[Way]) -> Departure:
    sifted, sieve = _SIFTED.get(call.name), wanted.sieve
    way = _way(call, wanted) if sifted is None else _way_of_sifted(call, wanted)
    asked = {each.text for each in traits_of(sieve.supersets.get(call.name, ALWAYS))}
    looks = tuple(_looks(call, sifted, in_force, asked)) if way in ways else ()
    return Departure(call, way, looks, sifted, sieve.left_open[call.name] if call.name in sieve.too_large else "")


def _way(call: Call, wanted: Wanted) -> Way:
    if PROCESS_LIFE.intersection(code(call, half) for half in "EX"):
        return Way.STATE
    return Way.UNTESTED if any(is_wanted(call, half, wanted) for half in "EX") else Way.NEVER


def _way_of_sifted(call: Call, wanted: Wanted) -> Way:
    start, end = (is_wanted(call, half, wanted) for half in "EX")
    if not start and not end:
        return Way.NEVER
    return Way.TESTED if end and not start and call.name in wanted.sieve.by_call else Way.EVERY


def _looks(call: Call, sifted: Sifted | None, in_force: InForce, asked: Collection[str]) -> Iterator[Look]:
    at_start, at_end = (dict(_by_rule(in_force.remaining(*event_of(call, half)))) for half in "EX")
    for name, (rule, node) in (at_start | at_end).items():
        meant = rule.all_events and bool(EVENT_TABLE[code(call, "X")].flags & EventFlag.DROP_FALCO)
        if sifted is None:
            yield Look(rule, ALWAYS, meant=meant)
        elif name not in at_end:
            yield Look(rule, ALWAYS, at_start=True, meant=meant)
        else:
            yield _look(rule, node, sifted, asked, at_start=name in at_start, meant=meant)


def _look(rule: Rule, node: Node, sifted: Sifted, asked: Collection[str], *, at_start: bool, meant: bool) -> Look:
    superset = with_traits(superset_of([node], sifted.vocabulary), asked)
    opens = opening(node, sifted.vocabulary) if superset == ALWAYS else ()
    matches_all = superset == ALWAYS and not opens
    return Look(rule, superset, untested(node, sifted.vocabulary), opens, at_start, meant or matches_all)


def _by_rule(rules: Iterable[tuple[Rule, Node]]) -> Iterator[tuple[str, tuple[Rule, Node]]]:
    return ((rule.name, (rule, node)) for rule, node in rules)
