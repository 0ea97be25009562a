"""The sieve: for calls of some kinds, programs that let through only what a rule may match (c/sieve.h).

What they test is the superset of the rules' conditions (falco/filter/superset.py), whose plain meaning is passes().
Its tests of paths become bits of an automaton, so that other texts for the same tests need no other program.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from falco.capture.probe import automaton
from falco.capture.probe.sieve_text import program
from falco.capture.probe.sifted import SIFTED, Group, Sifted
from falco.capture.probe.text import code
from falco.filter.superset import ALWAYS, NEVER, How, Level, Superset, Text, Where, either, of_last, tests_of
from falco.filter.weaken import superset_of

if TYPE_CHECKING:
    from falco.filter.ast import Node

LARGEST = 512
"""The most comparisons that a call's superset may have: the kernel's verifier follows each."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sieve:
    """programs are texts by their names; by_call the name of a call's program; table what to look for in paths.

    Calls that no rule restricts have no program. left_open says why, by the call's name; too_large has those of them
    that could be tested if there were room.
    """

    programs: Mapping[str, str]
    by_call: Mapping[str, str]
    table: automaton.Automaton | None
    supersets: Mapping[str, Superset]
    left_open: Mapping[str, str]
    too_large: frozenset[str] = frozenset()


NO_SIEVE = Sieve({}, {}, None, {}, {})


def make_sieve(conditions: Callable[[int], Iterable[Node]]) -> Sieve:
    """The sieve for rules whose conditions on a code are told by a function."""
    supersets = {}
    for sifted in SIFTED:
        nodes = list(conditions(code(sifted.call, "X")))
        if nodes or sifted.state != NEVER:
            supersets[sifted.call.name] = either((superset_of(nodes, sifted.vocabulary), sifted.state))
    return sieve_of(supersets)


def sieve_of(supersets: Mapping[str, Superset]) -> Sieve:
    """The sieve that lets through what calls' supersets do, by the calls' names."""
    left_open = {
        name: "a rule has nothing that can be tested" for name, superset in supersets.items() if superset == ALWAYS
    }
    large = {
        name: f"{size(superset)} comparisons, {LARGEST} fit"
        for name, superset in supersets.items() if size(superset) > LARGEST
    }  # fmt: skip
    sifted = [each for each in SIFTED if each.call.name in supersets.keys() - left_open.keys() - large.keys()]
    table: automaton.Automaton | None = None
    while sifted:
        try:
            tests = _tests(sifted, supersets)
            table = automaton.build(tests) if tests else None
            break
        except automaton.TooLargeError as error:
            # The last one that needs room goes without.
            last = next(each for each in reversed(sifted) if tests_of(supersets[each.call.name]))
            large[last.call.name] = str(error)
            sifted.remove(last)
    bits = {texts: bit for bit, texts in enumerate(_tests(sifted, supersets))}
    programs, by_call = {}, {}
    for group in Group:
        members = [(each, supersets[each.call.name]) for each in sifted if each.group is group]
        if members:
            text = program(group, members, bits)
            # Programs of the same name are taken to be the same, so the name says what is in it.
            name = f"sieve_{group.value}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
            programs[name] = text.replace("@", name)
            by_call.update({each.call.name: name for each, _ in members})
    return Sieve(programs, by_call, table, supersets, left_open | large, frozenset(large))


def _tests(sifted: Iterable[Sifted], supersets: Mapping[str, Superset]) -> tuple[frozenset[Text], ...]:
    """What to look for in paths, each once: whole ones, and of names also their last parts."""
    found: dict[frozenset[Text], None] = {}
    for each in sifted:
        for test in tests_of(supersets[each.call.name]):
            found[test.texts] = None
            last = of_last(test.texts) if each.group is Group.NAMES and not test.negated else None
            if last is not None:
                found[last] = None
    return tuple(found)


def size(superset: Superset) -> int:
    """How many comparisons it has."""
    return 1 if isinstance(superset, How | Level | Where) else sum(map(size, superset.parts))
