"""The sieve's C text: for each group of calls a program that finds out what their supersets test, and tests it.

A program tests what costs least first, and runs again once it is known what the thread is (c/traits.h), and again once
the path was looked at (c/sieve.h). Until then every test of these holds. Where a path alone decides most calls it is
looked at first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from falco.capture.probe.sifted import FLAGS, Group, Sifted
from falco.filter.superset import All, Any, How, Level, Number, Superset, Text, Where, Who, of_last
from falco.filter.weaken_traits import says_path, traits_of

if TYPE_CHECKING:
    from falco.filter.superset import Param

Bits = Mapping[frozenset[Text], int]
"""The bit of each test of paths."""
Traits = Mapping[str, int]
"""The bit of each test of what a thread is, by its text."""
NO_TRAITS: Traits = {}
PASSED = (Group.NAMES, Group.PAIRS)
"""Groups whose calls are given paths, of which maybe only the last part is looked at."""
_FOLLOWED = {"linkat": "(A4 & 0x400 ? 0 : A1)"}
"""The first name of calls that may follow a link at its end (AT_SYMLINK_FOLLOW): as if there were none if they do."""
_MOST_SLASHES = 63
"""Deeper paths are not known (MOST_PARTS of c/parts.h)."""
_INT_MIN, _INT_MAX = -(1 << 63) + 1, (1 << 63) - 1
_NUMBERS: Mapping[Number, tuple[str, str]] = {
    Number.WRITES: ("(flags >> 1 & 1)", ""),
    Number.READS: ("(flags & 1)", ""),
    Number.FD: ("(RET >= 0 ? RET : -1)", ""),
    Number.RESULT: ("RET", ""),
    Number.KIND: ("t->kind", "t->kind"),
    Number.SERVER_PORT: ("t->server_port", "t->ends"),
    Number.CLIENT_PORT: ("t->client_port", "t->ends"),
    Number.SERVER: ("t->server", "t->addresses"),
    Number.CLIENT: ("t->client", "t->addresses"),
    Number.TRANSPORT: ("t->transport", "t->transport"),
    Number.RENAMES: ("0", "t->steady"),
    Number.LIMITS: ("(A2 != 0)", ""),
}
"""The C expression of a number, and that of whether it is known where it need not be."""
_TOLD = "  struct told known = {};\n  learn(c, &known);\n  volatile struct told *t = &known;\n"
"""What is known of an fd, and a look at it that is taken anew for each comparison. Else the compiler makes one thing of
many comparisons, which needs more constants at once than the stack of a program has room for.
"""


def needs_path(superset: Superset) -> bool:
    """Whether it tests a path."""
    if isinstance(superset, All | Any):
        return any(map(needs_path, superset.parts))
    return isinstance(superset, Where | Level)


def program(group: Group, members: Iterable[tuple[Sifted, Superset]], bits: Bits, traits: Traits = NO_TRAITS) -> str:
    """The program of a group, called @. Members are its calls that have anything to test."""
    rows = list(members)
    calls = [sifted for sifted, _ in rows]
    tests = [
        f"    case {sifted.call.number}: if (!{_expression(superset, known)}) goto sifted; break;\n"
        for sifted, superset, known in ((*row, _Known(row[0], bits, traits)) for row in rows)
    ]
    looking = "".join(f"    case {sifted.call.number}:\n" for sifted, superset in rows if needs_path(superset))
    look = f"  if (!c->looked) switch (c->slot) {{\n{looking}{_looked_at(group, calls)}  }}\n" if looking else ""
    asking = [row for row in rows if any(traits_of(row[1]))]
    ask_first = _asking([sifted for sifted, superset in asking if not says_path(superset)])
    ask_last = _asking([sifted for sifted, superset in asking if says_path(superset)])
    return (
        "int @(struct bpf_raw_tracepoint_args *ctx) {\n  struct call *c = this_call();\n  if (!c) return 0;\n"
        f"  if (!c->looked && !c->asked) {{\n    know_no_path(c);\n    know_no_traits(c);\n{_first(group, calls)}  }}\n"
        f"{_always(group, calls)}"
        f"  switch (c->slot) {{\n{''.join(tests)}  }}\n{ask_first}{look}{ask_last}  return send_call(ctx, c);\n"
        "sifted:\n  return sifted(ctx, c);\n}"
    )


def _asking(calls: Iterable[Sifted]) -> str:
    """Has the program run again if something is known of the thread."""
    cases = "".join(f"    case {sifted.call.number}:\n" for sifted in calls)
    if not cases:
        return ""
    return (
        f"  if (!c->asked) switch (c->slot) {{\n{cases}      c->asked = 1;\n"
        "      if (know_traits(c)) sieves.call(ctx, c->slot);\n  }\n"
    )


def _looked_at(group: Group, calls: list[Sifted]) -> str:
    """Has the program run again once the path of the call was looked at: of a failed open the one that it was given."""
    if group is Group.OPENS:
        return (
            f"      if (RET < 0) {{\n        c->names = c->verbatim = 1;\n{_passed(0, calls)}"
            "        return look(ctx, c, STEP_LOOK_AT_NAME);\n      }\n"
            "      take_file(c, RET);\n      return look(ctx, c, STEP_LOOK);\n"
        )
    return f"      return look(ctx, c, {'STEP_LOOK_AT_NAME' if group in PASSED else 'STEP_LOOK'});\n"


def _first(group: Group, calls: list[Sifted]) -> str:
    """What is done once for a call."""
    match group:
        case Group.FDS:
            fds = _switch("fd", [(sifted, f"({sifted.call.fd})") for sifted in calls if sifted.call.fd != "A0"])
            setups = "".join(
                f"      case {sifted.call.number}: {sifted.call.setup}; break;\n"
                for sifted in calls
                if sifted.call.setup
            )
            setup = f"    switch (c->slot) {{\n{setups}    }}\n" if setups else ""
            return f"    s32 fd = A0;\n{fds}    take_file(c, fd);\n{setup}"
        case Group.NAMES:
            return f"    c->names = 1;\n{_passed(0, calls)}"
        case Group.PAIRS:
            return f"    c->names = 2;\n{_passed(0, calls)}{_passed(1, calls)}"
        case Group.OPENS | Group.PLAIN:
            return ""


def _passed(which: int, calls: list[Sifted]) -> str:
    """Takes a path that the calls were given; of those that are given none, none."""
    calls, without = [each for each in calls if each.call.bases], [each for each in calls if not each.call.bases]
    names = [*((each, each.call.bases[which].name) for each in calls), *((each, "0") for each in without)]
    if which == 0:
        names = [(sifted, _FOLLOWED.get(sifted.call.name, name)) for sifted, name in names]
    dirfds = [(sifted, sifted.call.bases[which].dirfd) for sifted in calls]
    return _switch(f"c->base[{which}].name", names) + _switch(f"c->base[{which}].dirfd", dirfds)


def _always(group: Group, calls: list[Sifted]) -> str:
    """What is found out each time the program runs."""
    if group is Group.OPENS:
        return "  u64 flags = 0;\n" + _switch("flags", [(sifted, FLAGS[sifted.call.name]) for sifted in calls])
    return _TOLD if group is Group.FDS else ""


def _switch(variable: str, values: Iterable[tuple[Sifted, str]]) -> str:
    """Gives a variable each call's value; calls with the same value share a case."""
    by_value: dict[str, list[Sifted]] = {}
    for sifted, value in values:
        by_value.setdefault(value, []).append(sifted)
    cases = "".join(
        "".join(f"      case {sifted.call.number}:\n" for sifted in calls)
        + f"        {variable} = {value};\n        break;\n"
        for value, calls in by_value.items()
    )
    return f"    switch (c->slot) {{\n{cases}    }}\n" if cases else ""


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """What the expressions of a call are made with."""

    sifted: Sifted
    bits: Bits
    traits: Traits


def _expression(superset: Superset, known: _Known) -> str:
    match superset:
        case All(parts):
            return _joined(parts, " && ", "1", known)
        case Any(parts):
            return _joined(parts, " || ", "0", known)
        case Where():
            return _text(superset, known)
        case Level(slashes):
            return f"(c->levels >> {slashes} & 1)" if slashes <= _MOST_SLASHES else "1"
        case How():
            return _compared(superset, known.sifted.params)
        case Who(text, negated):
            return f"(c->{'isnt' if negated else 'is'} >> {known.traits[text]} & 1)"


def _joined(parts: tuple[Superset, ...], operator: str, neutral: str, known: _Known) -> str:
    each = dict.fromkeys(_expression(part, known) for part in parts)
    return f"({operator.join(each) or neutral})"


def _text(test: Where, known: _Known) -> str:
    bit = known.bits[test.texts]
    if test.negated:
        return f"(c->unmet >> {bit} & 1)"
    if known.sifted.group not in PASSED:
        return f"(c->met >> {bit} & 1)"
    texts = of_last(test.texts)
    last = "c->partly" if texts is None else f"c->met_last >> {known.bits[texts]}"
    return f"((c->met >> {bit} | {last}) & 1)"


def _compared(test: How, params: Mapping[Param, str]) -> str:
    number, known = _NUMBERS[test.number] if isinstance(test.number, Number) else (params[test.number], "")
    if not _INT_MIN <= test.value <= _INT_MAX:
        return "1"
    masked = number if test.mask is None else f"({number} & {test.mask:#x})"
    compared = f"((s64){masked} {'==' if test.op == '=' else test.op} ({test.value}LL))"
    holds = f"(!{compared})" if test.negated else compared
    return f"(!{known} || {holds})" if known else holds
