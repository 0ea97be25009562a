"""Which rules can still match once the value of one field is known: the plan by which a function of many rules narrows.

Each rule has a bit. A step reads one field and keeps the bits of the rules that its value allows; most events are
through after two or three steps, whatever the number of rules. What a step says about a rule is the strongest
condition on that field alone that follows from the rule's condition, so a rule that matches is never lost. Parts of a
rule that test only that field are then settled and need not be looked at again.

What rules say about processes is not kept for each thread besides, as bits of the rules that it leaves: with 500 rules
none of 6,000 events of compiling and installing that had left the kernel had a candidate left behind the steps, and a
thread whose bits are found out costs as much as testing all rules once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import cast

from falco.fields.field import Many
from falco.filter.ast import And, BoundField, Node, Not, Or, Test
from falco.filter.fold import Terms, conjuncts, leaves_of
from falco.filter.interpret import evaluate_on
from falco.filter.values import KINDS, Kind

WORTH_A_STEP = 1.5
"""How many candidates fewer a step must promise: reading a field and its answer costs as much as testing two rules."""
_MEMBERSHIP = frozenset(("=", "!=", "in", "exists"))
_REPEATING = frozenset((Kind.TEXT, Kind.BOOL, Kind.PORT, Kind.ADDRESS, Kind.NETWORK))
"""Kinds whose values come again often enough to remember what follows from them."""
_UNUSUAL: dict[Kind, object] = {Kind.TEXT: "\0", Kind.PORT: -1, Kind.ADDRESS: b"\0" * 4, Kind.NETWORK: b"\0" * 4}


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One field's say. readers are the bits of the rules with a condition on it.

    answers gives the bits that remain by value (None: missing), otherwise those for any other value. Where inexact has
    conditions, which no list of values can answer, the bits of each are added if it holds.
    """

    field: BoundField
    readers: int
    answers: dict[object, int]
    otherwise: int
    inexact: tuple[tuple[Node, int], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order, and for each rule the parts of its condition that they leave open."""

    steps: tuple[Step, ...]
    open: tuple[tuple[Node, ...], ...]


class Projections:
    """What canonical conditions say about single fields."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._known: dict[tuple[int, bool], dict[str, Node]] = {}

    def of(self, node: Node, wanted: bool = True) -> dict[str, Node]:
        """By field key, the strongest condition on that field alone that follows from node being `wanted`."""
        key = (id(node), wanted)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._project(node, wanted)
        return known

    def _project(self, node: Node, wanted: bool) -> dict[str, Node]:
        match node:
            case Not(child):
                return self.of(child, not wanted)
            case And(children) | Or(children):
                return self._joined([self.of(child, wanted) for child in children], isinstance(node, And) is wanted)
            case _:
                test = cast("Test", node)
                return {test.field.key: test if wanted else cast("Node", self._terms.negation(test))}

    def _joined(self, parts: list[dict[str, Node]], all_hold: bool) -> dict[str, Node]:
        """If all hold, what each says holds; if any may, only what all say something about is narrowed."""
        join = self._terms.all_of if all_hold else self._terms.any_of
        keys = dict.fromkeys(key for part in parts for key in part)
        if not all_hold:
            keys = dict.fromkeys(key for key in keys if all(key in part for part in parts))
        return {key: cast("Node", join(part[key] for part in parts if key in part)) for key in keys}


@dataclasses.dataclass(slots=True)
class _FieldRules:
    """What the rules say about one field: condition (by id) -> bits of the rules, and which parts that settles."""

    field: BoundField
    conditions: dict[int, tuple[Node, int]] = dataclasses.field(default_factory=dict)
    settled: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    readers: int = 0


class Planner:
    """Makes plans; keeps what it has found out about conditions for the next function."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._projections = Projections(terms)
        self._exact: dict[int, bool] = {}
        self._usual: dict[int, float] = {}

    def plan(self, rules: Sequence[Node]) -> Plan:
        """The plan for canonical conditions, whose bits are those of their positions."""
        said = self._said(rules)
        everyone = (1 << len(rules)) - 1
        steps: list[Step] = []
        settled: set[tuple[int, int]] = set()
        left = [1.0] * len(rules)  # How likely each rule is to be still a candidate where any is.
        while said:
            key = min(said, key=lambda key: self._sum_after(said[key], left))
            chosen = said.pop(key)
            if sum(left) - self._sum_after(chosen, left) < WORTH_A_STEP:
                break
            steps.append(self._step(chosen, everyone))
            settled |= chosen.settled
            self._lower(left, chosen)
        parts = [tuple(p for p in conjuncts(node) if (i, id(p)) not in settled) for i, node in enumerate(rules)]
        return Plan(tuple(steps), tuple(parts))

    def _said(self, rules: Sequence[Node]) -> dict[str, _FieldRules]:
        said: dict[str, _FieldRules] = {}
        for i, node in enumerate(rules):
            by_field: dict[str, list[Node]] = {}
            for part in conjuncts(node):
                pure = len(self._terms.fields(part)) == 1
                for key, condition in self._projections.of(part).items():
                    field = next(leaves_of(condition)).field
                    if not self._is_askable(field, condition):
                        continue
                    by_field.setdefault(key, []).append(condition)
                    entry = said.setdefault(key, _FieldRules(field))
                    if pure:
                        entry.settled.add((i, id(part)))
            for key, conditions in by_field.items():
                joined = cast("Node", self._terms.all_of(conditions))
                entry = said[key]
                entry.conditions[id(joined)] = (joined, entry.conditions.get(id(joined), (joined, 0))[1] | 1 << i)
                entry.readers |= 1 << i
        return said

    def _is_askable(self, field: BoundField, condition: Node) -> bool:
        return KINDS[field.type] in _REPEATING or self._is_exact(condition)

    def _is_exact(self, condition: Node) -> bool:
        """Whether a list of values answers the condition."""
        known = self._exact.get(id(condition))
        if known is None:
            known = self._exact[id(condition)] = all(
                test.op in _MEMBERSHIP
                and test.field.many is Many.ONE
                and (test.op != "in" or isinstance(test.operand, frozenset))
                for test in leaves_of(condition)
            )
        return known

    def _sum_after(self, entry: _FieldRules, left: list[float]) -> float:
        """How many rules are likely to be left after a field; what several ask alike leaves them in half the cases."""
        total = sum(left)
        for condition, bits in entry.conditions.values():
            share = 0.5 if _is_common(bits) else self._share(entry.field, condition)
            total -= sum(left[i] for i in bits_of(bits)) * (1 - share)
        return total

    def _lower(self, left: list[float], entry: _FieldRules) -> None:
        """What several rules ask alike either ends the matter for all of them, or changes nothing."""
        for condition, bits in entry.conditions.values():
            share = 1.0 if _is_common(bits) else self._share(entry.field, condition)
            for i in bits_of(bits):
                left[i] *= share

    def _share(self, field: BoundField, condition: Node) -> float:
        """A guess at how often the condition holds."""
        known = self._usual.get(id(condition))
        if known is None:
            known = self._usual[id(condition)] = _guess(KINDS[field.type], field.many, condition)
        return known

    def _step(self, entry: _FieldRules, everyone: int) -> Step:
        unheard = everyone & ~entry.readers
        flips: dict[object, int] = {}
        otherwise = missing = unheard
        inexact = []
        for condition, bits in entry.conditions.values():
            if not self._is_exact(condition):
                inexact.append((condition, bits))
                continue
            usual = evaluate_on(condition, _OTHER)
            otherwise |= bits * usual
            missing |= bits * evaluate_on(condition, None)
            for value in _values(condition):
                if evaluate_on(condition, value) is not usual:
                    flips[value] = flips.get(value, 0) ^ bits
        answers = {value: otherwise ^ flip for value, flip in flips.items()}
        answers[None] = missing
        return Step(entry.field, entry.readers, answers, otherwise, tuple(inexact))


def _is_common(bits: int) -> bool:
    """Whether a condition of these rules is likely to come from a macro."""
    return bits.bit_count() > 2


def _guess(kind: Kind, many: Many, condition: Node) -> float:
    """By an unusual value; half for booleans, numbers and !=, which is written where the value is common."""
    if kind not in _UNUSUAL or (isinstance(condition, Test) and condition.op == "!="):
        return 0.5
    value = _UNUSUAL[kind]
    return 1.0 if evaluate_on(condition, value if many is Many.ONE else (value,)) else 0.02


_OTHER = object()
"""A value that equals none in any rule."""


def _values(condition: Node) -> Iterable[object]:
    """Every value that the tests of a condition name."""
    values: dict[object, None] = {}
    for test in leaves_of(condition):
        if test.op != "exists":
            operand = test.operand
            values.update(dict.fromkeys(operand if isinstance(operand, frozenset) else (operand,)))
    return values


def bits_of(bits: int) -> Iterable[int]:
    """The positions of the set bits, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
