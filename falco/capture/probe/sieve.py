"""The sieve: for calls of some kinds, programs that let through only what a rule may match (c/sieve.h).

What they test is the superset of the rules' conditions (falco/filter/superset.py), whose plain meaning is passes().
Its tests of paths become bits of an automaton, so that other texts for the same tests need no other program.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from falco.capture.probe import automaton
from falco.capture.probe.sieve_text import PASSED, program
from falco.capture.probe.sifted import SIFTED, Group, Sifted
from falco.filter.gather import coarse, gathered, size
from falco.filter.joining import either
from falco.filter.superset import ALWAYS, NEVER, Superset, Text, of_last, tests_of
from falco.filter.weaken import superset_of
from falco.filter.weaken_traits import traits_of, with_traits, without_needless_traits

if TYPE_CHECKING:
    from falco.capture.probe.call import Call
    from falco.filter.ast import Node, Test

LARGEST, LARGEST_OF_GROUP = 512, 2048
"""The most comparisons that a call's superset may have, and those of a group together: a program has its limits."""
ALL_TRAITS = 64
"""In supersets of more comparisons than this it is asked what the thread is only where no path is tested."""
MOST_TRAITS = 64
"""The most comparisons of what threads are: one for each bit of what is told of a thread (c/traits.h)."""


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
    traits: tuple[Test, ...] = ()
    """What is to be found out about threads and told: a bit for each, from the lowest."""
    list_number: int = 0
    """Names these traits: what is told of others is not meant. It is no part of the programs: what their bits stand for
    does not matter to them, and where paths of rules lead elsewhere they stay as they are."""


NO_SIEVE = Sieve({}, {}, None, {}, {})


def make_sieve(conditions: Callable[[Call], Iterable[Node]]) -> Sieve:
    """The sieve for rules whose conditions on the exits of a call are told by a function."""
    supersets = {}
    for sifted in SIFTED:
        nodes = list(conditions(sifted.call))
        if nodes or sifted.state != NEVER:
            supersets[sifted.call.name] = either((superset_of(nodes, sifted.vocabulary), sifted.state))
    return sieve_of(supersets)


def sieve_of(supersets: Mapping[str, Superset]) -> Sieve:
    """The sieve that lets through what calls' supersets do, by the calls' names."""
    supersets = {
        name: superset if size(superset) <= ALL_TRAITS else without_needless_traits(superset)
        for name, superset in supersets.items()
    }
    said = Counter(each.text for superset in supersets.values() for each in traits_of(superset))
    if len(said) > MOST_TRAITS:
        kept = frozenset(text for text, _ in said.most_common(MOST_TRAITS))
        supersets = {name: with_traits(superset, kept) for name, superset in supersets.items()}
    left_open = {
        name: "a rule has nothing that can be tested" for name, superset in supersets.items() if superset == ALWAYS
    }
    fitting, too_large = _fitted(supersets, left_open)
    members = [(sifted, fitting[sifted.call.name]) for sifted in SIFTED if sifted.call.name in fitting]
    tests = _tests(members)
    bits = {texts: bit for bit, texts in enumerate(tests)}
    told = {each.text: each for _, superset in members for each in traits_of(superset)}
    traits = {text: bit for bit, text in enumerate(told)}
    programs, by_call = {}, {}
    for group in Group:
        rows = [row for row in members if row[0].group is group]
        if rows:
            text = program(group, rows, bits, traits)
            # Programs of the same name are taken to be the same, so the name says what is in it.
            name = f"sieve_{group.value}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
            programs[name] = text.replace("@", name)
            by_call.update({sifted.call.name: name for sifted, _ in rows})
    table = automaton.build(tests) if tests else None
    return Sieve(
        programs, by_call, table, {**supersets, **fitting}, left_open | too_large, frozenset(too_large),
        tuple(each.test for each in told.values()), _number_of(told),
    )  # fmt: skip


def _number_of(texts: Iterable[str]) -> int:
    """A number (u32) that other texts, or these in another order, are as good as certain not to have."""
    return int.from_bytes(hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).digest()[:4], "big")


def _fitted(
    supersets: Mapping[str, Superset], left_open: Mapping[str, str]
) -> tuple[dict[str, Superset], dict[str, str]]:
    """The supersets that there is room for, looser ones where they need it, and why there is none for the others."""
    fitting: dict[str, Superset] = {}
    too_large: dict[str, str] = {}
    room = dict.fromkeys(Group, LARGEST_OF_GROUP)
    for sifted in SIFTED:
        name = sifted.call.name
        if name not in supersets or name in left_open:
            continue
        for superset in _ever_looser(supersets[name], sifted.one_path):
            reason = _no_room(sifted, superset, fitting, room[sifted.group])
            if not reason and superset != ALWAYS:
                fitting[name] = superset
                room[sifted.group] -= size(superset)
                break
        else:
            too_large[name] = reason or "what would fit tests nothing"
    return fitting, too_large


def _ever_looser(superset: Superset, one_path: bool) -> Iterator[Superset]:
    """What is tried in turn: all that can be tested, without what threads are, without how deep paths lie."""
    yield gathered(superset, one_path=one_path)
    lean = with_traits(superset, ())
    yield gathered(lean, one_path=one_path)
    yield coarse(lean, one_path=one_path)


def _no_room(sifted: Sifted, superset: Superset, fitting: Mapping[str, Superset], room: int) -> str:
    """Why there is no room for a superset beside those that have theirs, empty if there is."""
    if size(superset) > min(LARGEST, room):
        return f"{size(superset)} comparisons, {min(LARGEST, room)} fit"
    if not tests_of(superset):
        return ""
    before = [(each, fitting[each.call.name]) for each in SIFTED if each.call.name in fitting]
    try:
        automaton.fit(_tests([*before, (sifted, superset)]))
    except automaton.TooLargeError as error:
        return str(error)
    return ""


def _tests(members: Iterable[tuple[Sifted, Superset]]) -> tuple[frozenset[Text], ...]:
    """What to look for in paths, each once: whole ones, and of names also their last parts."""
    found: dict[frozenset[Text], None] = {}
    for sifted, superset in members:
        for test in tests_of(superset):
            found[test.texts] = None
            last = of_last(test.texts) if sifted.group in PASSED and not test.negated else None
            if last is not None:
                found[last] = None
    return tuple(found)
