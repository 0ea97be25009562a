"""The rules in force for system call events: per event code a function that finds the first rule that matches.

Rules are only tried on the events that their evt.type tests name, and not at all on codes where the rest of the
condition cannot hold. Events on which the same conditions remain share a function. It is generated when the first of
them comes: nothing that a user could have got wrong is left to be found then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from falco.engine.failure import RuleFailure
from falco.engine.running import GENERIC, Running
from falco.errors import FalcoError
from falco.events.decode import unsigned
from falco.events.syscalls import SYSCALL_NAMES
from falco.events.table import EVENT_TABLE, EventType
from falco.fields.field import VARIES
from falco.filter.codegen import Code, Compiler, Match
from falco.filter.fold import ANYTHING, Distinctions, Terms
from falco.filter.freeze import relaxed

if TYPE_CHECKING:
    from falco.engine.bind import BoundRule
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.filter.ast import BoundField, Node

_NAMES_OF_CALLS = ("evt.type", "syscall.type")
"""Fields that give a generic event's system call by name."""


class Rules(Protocol):
    """What finds the rule for an event. codes and syscalls (of generic events) are those where any rule can match."""

    codes: frozenset[int]
    syscalls: frozenset[int]

    def match(self, event: Event) -> Rule | None:
        """The first rule in order whose condition holds."""
        ...


_Conditions = tuple[tuple[int, "Node"], ...]
"""Indexes of rules in order, each with its condition."""
_Slots = dict[int, Match | None]
"""Event code, or number of a system call -> the function for it, None where no rule can match."""


@dataclasses.dataclass(slots=True)
class _Group:
    """Events on which the same conditions are tried: where their function stands, once one of them has come."""

    name: str
    rules: _Conditions
    kinds: list[str]
    slots: list[tuple[_Slots, int]]
    code: Code | None = None


class Ruleset:
    """Compiled rules. With all_events they also get the events that 0.15 only looks at with -A.

    enters are the codes of enter events that a rule looks at which does not look at the exit of the same call;
    syscalls the numbers of calls of which a rule looks at a generic event, entered_syscalls at the enter.
    """

    def __init__(self, rules: Iterable[BoundRule], *, all_events: bool = False) -> None:
        self.rules = self._rules = tuple(rules)
        self.all_events = all_events
        self._weak: Ruleset | None = None
        self._terms = Terms()
        self._compiler = Compiler(self._terms)
        self._conditions = [self._terms.canonical(bound.condition) for bound in self._rules]
        self._distinctions = Distinctions(self._conditions)
        self._folded: dict[tuple[tuple[int, ...], tuple[int, ...]], _Conditions] = {}
        self._groups: dict[tuple[tuple[int, int], ...], _Group] = {}
        self._matchers: _Slots = dict.fromkeys(range(len(EVENT_TABLE)))
        running = Running(self._rules, all_events=all_events)
        tried: dict[int, frozenset[int]] = {}
        self._left: dict[int, _Conditions] = {}
        self._left_of_calls: dict[int, tuple[dict[int, _Conditions], _Conditions]] = {}
        for code, indexes in running.by_code.items():
            row = EVENT_TABLE[code]
            left = self._settle(self._matchers, code, indexes, _Constants(row, None, {}), row.symbol.lower())
            self._left[code] = left
            tried[code] = frozenset(index for index, _ in left)
        calls = [self._settle_calls(EVENT_TABLE[code], running) for code in GENERIC]
        self._coming = iter(self._groups.values())
        at_enter, at_exit = ({number for number, match in slots.items() if match is not None} for slots in calls)
        self.syscalls, self.entered_syscalls = frozenset(at_enter | at_exit), frozenset(at_enter)
        self.codes = frozenset(code for code, match in self._matchers.items() if match is not None)
        self.enters = frozenset(
            code
            for code, indexes in tried.items()
            if EVENT_TABLE[code].enter and indexes - tried.get(code + 1, frozenset())
        )

    def match(self, event: Event) -> Rule | None:
        """The first rule in order whose condition holds; RuleFailure if one cannot be evaluated."""
        matcher = self._matchers[event.code]
        if matcher is None:
            return None
        try:
            index = matcher(event)
        except FalcoError:
            raise
        except Exception as error:
            raise RuleFailure(self._culprit(error), event, error) from error
        return None if index < 0 else self._rules[index].rule

    def may_match(self, event: Event) -> bool:
        """Whether any rule can match, whatever is still to be fetched for the event."""
        return (self._weak or self._weaken()).match(event) is not None

    def conditions(self, event: Event) -> Iterator[tuple[Rule, Node]]:
        """The rules that are tried on the event, in order, each with what remains of its condition on such events."""
        left = self._left.get(event.code, ())
        if event.code in self._left_of_calls:
            calls, unknown = self._left_of_calls[event.code]
            left = calls.get(unsigned(event.raw(0)), unknown)
        for index, node in left:
            yield self._rules[index].rule, node

    def remaining(self, code: int, call: int | None = None) -> list[tuple[Rule, Node]]:
        """The rules that are tried on events of a code, with what remains of their conditions.

        For generic events call is the number of their system call, in the event table's own order.
        """
        left = self._left.get(code, ()) if call is None else self._left_of_calls[code][0][call]
        return [(self._rules[index].rule, node) for index, node in left]

    def compile_all(self) -> None:
        """Generate every function now rather than when its first event comes."""
        for group in self._groups.values():
            self._compile(group)

    def compile_next(self) -> bool:
        """Generate one function that may be needed and is not there yet; False if all are. Takes some milliseconds."""
        if self._compile_one():
            return True
        if self._weak is None:
            self._weaken()
            return True
        return self._weak._compile_one()

    def code_text(self) -> str:
        """All generated code with what its constants stand for and which rule each index is, in ASCII."""
        self.compile_all()
        rules = "".join(f"# {i}: {bound.rule.name!a}\n" for i, bound in enumerate(self._rules))
        parts = [f"{group.code.text}\n{group.code.legend()}" for group in self._groups.values() if group.code]
        return "\n".join(("# Rules by index:\n" + rules, *parts))

    def _compile_one(self) -> bool:
        for group in self._coming:
            if group.code is None:
                self._compile(group)
                return True
        return False

    def _weaken(self) -> Ruleset:
        self._weak = Ruleset(_weakened(self._rules), all_events=self.all_events)
        return self._weak

    def _settle(self, slots: _Slots, key: int, indexes: Iterable[int], constants: _Constants, name: str) -> _Conditions:
        """Put the function for a kind of event of this name in its slot, for now one that generates it.

        What remains of the conditions is returned.
        """
        rules = self._possible(tuple(indexes), constants)
        if not rules:
            slots[key] = None
            return rules
        group_key = tuple((index, id(node)) for index, node in rules)
        group = self._groups.setdefault(group_key, _Group(f"match_{name}", rules, [], []))
        group.kinds.append(name)
        group.slots.append((slots, key))

        def first_time(event: Event) -> int:
            return self._compile(group)(event)

        slots[key] = first_time
        return rules

    def _possible(self, indexes: tuple[int, ...], constants: _Constants) -> _Conditions:
        """What remains of the conditions of those rules that can match."""
        key = (indexes, self._distinctions.of(constants) if indexes else ())
        known = self._folded.get(key)
        if known is None:
            known = self._folded[key] = tuple(self._fold(indexes, constants))
        return known

    def _fold(self, indexes: Iterable[int], constants: _Constants) -> Iterator[tuple[int, Node]]:
        for index in indexes:
            folded = self._terms.fold(self._conditions[index], constants)
            if folded is True:
                yield index, ANYTHING
                return  # Rules behind one that always matches never get their turn.
            if folded is not False:
                yield index, folded

    def _settle_calls(self, row: EventType, running: Running) -> _Slots:
        """The functions by system call for a code of generic events, whose own function chooses among them."""
        slots: _Slots = {}
        left: dict[int, _Conditions] = {}
        fixed: dict[str, object] = {}
        for number, call in enumerate(SYSCALL_NAMES):
            name = f"{row.symbol.lower()}_{number}"
            indexes = running.by_call.get(number, ())
            left[number] = self._settle(slots, number, indexes, _Constants(row, call, fixed), name)
        unknown: _Slots = {}
        name = f"{row.symbol.lower()}_unknown"
        left_unknown = self._settle(unknown, 0, running.unknown_call, _Constants(row, None, fixed), name)
        self._left_of_calls[row.code] = left, left_unknown
        if any(match is not None for match in (*slots.values(), unknown[0])):
            self._matchers[row.code] = _by_call(slots, unknown)
        return slots

    def _compile(self, group: _Group) -> Match:
        if group.code is None:
            group.code = self._compiler.compile(group.name, " ".join(group.kinds), group.rules)
            for slots, key in group.slots:
                slots[key] = group.code.match
        return group.code.match

    def _culprit(self, error: Exception) -> Rule | None:
        """The rule in whose code an exception was raised."""
        for group in self._groups.values():
            index = None if group.code is None else group.code.mark_of(error.__traceback__)
            if index is not None:
                return self._rules[index].rule
        return None


def _weakened(rules: Iterable[BoundRule]) -> Iterator[BoundRule]:
    """The rules with conditions that hold wherever theirs may."""
    for bound in rules:
        condition = relaxed(bound.condition)
        if condition is not False:
            yield dataclasses.replace(bound, condition=ANYTHING if condition is True else condition)


class _Constants:
    """What fields always are on events of one code, for generic events of one system call.

    fixed remembers by field key what holds for the whole code.
    """

    def __init__(self, row: EventType, call: str | None, fixed: dict[str, object]) -> None:
        self._row, self._call, self._fixed = row, call, fixed

    def __call__(self, field: BoundField) -> object:
        """The value, None for never one, or VARIES."""
        if field.key not in self._fixed:
            self._fixed[field.key] = field.field.fixed(self._row, field.argument)
        value = self._fixed[field.key]
        return self._call if value is VARIES and self._call is not None and field.key in _NAMES_OF_CALLS else value


def _by_call(slots: _Slots, unknown: _Slots) -> Match:
    def match(event: Event) -> int:
        call = unsigned(event.raw(0))
        matcher = slots[call] if call in slots else unknown[0]
        return -1 if matcher is None else matcher(event)

    return match
