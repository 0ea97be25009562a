"""The sieve: for calls that open files, programs that let through only what a rule may match (c/sieve.h).

What they test is the superset of the rules' conditions (falco/filter/superset.py), whose plain meaning is passes().
Its tests of paths become bits of an automaton, so that other texts for the same tests need no other program.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from falco.capture.probe import automaton
from falco.capture.probe.calls_files import FILES
from falco.capture.probe.text import code
from falco.filter.superset import (
    ALWAYS,
    All,
    Any,
    How,
    Level,
    Number,
    Superset,
    Text,
    Where,
    tests_of,
)
from falco.filter.weaken import superset_of

if TYPE_CHECKING:
    from falco.filter.ast import Node

_FLAGS = {
    "open": "open_flags(A1)",
    "openat": "open_flags(A2)",
    "openat2": "open_flags(how_flags(c, A2))",
}
"""The calls that are sifted, and what they are opened for (c/values.h). The others that open files are rare."""
CALLS = tuple(call for call in FILES if call.name in _FLAGS)
CODES = {code(call, "X"): call for call in CALLS}
_NUMBERS = {Number.WRITES: "writes", Number.READS: "reads", Number.FD: "fd"}
_INT_MIN, _INT_MAX = -(1 << 63) + 1, (1 << 63) - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Sieve:
    """programs are texts by their names; by_call the name of a call's program; table what to look for in paths.

    Calls that no rule restricts have no program. open_for says why: by the call's name.
    """

    programs: Mapping[str, str]
    by_call: Mapping[str, str]
    table: automaton.Automaton | None
    supersets: Mapping[str, Superset]
    left_open: Mapping[str, str]


NO_SIEVE = Sieve({}, {}, None, {}, {})


def make_sieve(conditions: Callable[[int], Iterable[Node]]) -> Sieve:
    """The sieve for rules whose conditions on a code are told by a function."""
    supersets = {call.name: superset_of(conditions(number)) for number, call in CODES.items()}
    sifted = {name: superset for name, superset in supersets.items() if superset != ALWAYS}
    left_open = dict.fromkeys(supersets.keys() - sifted.keys(), "a rule has nothing that can be tested")
    tests = tuple(dict.fromkeys(test.texts for superset in sifted.values() for test in tests_of(superset)))
    try:
        table = automaton.build(tests) if tests else None
    except automaton.TooLargeError as error:
        return Sieve({}, {}, None, supersets, dict.fromkeys(supersets, str(error)))
    bits = {texts: bit for bit, texts in enumerate(tests)}
    programs, by_call = {}, {}
    for name, superset in sifted.items():
        text = _program(name, superset, bits)
        # Programs of the same name are taken to be the same, so the name says what is in it.
        by_call[name] = f"sieve_{name}_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        programs[by_call[name]] = text.replace("@", by_call[name])
    return Sieve(programs, by_call, table, supersets, left_open)


def _program(name: str, superset: Superset, bits: Mapping[frozenset[Text], int]) -> str:
    call = next(call for call in CALLS if call.name == name)
    quick, whole = _expression(superset, None), _expression(superset, bits)
    asks = (
        "    c->looked = 1;\n    step(ctx, STEP_LOOK);\n    return send_call(ctx, c);\n"
        if _needs_path(superset)
        else ""
    )
    return (
        "int @(struct bpf_raw_tracepoint_args *ctx) {\n  HERE\n"
        f"  if (!c->looked) take_file(c, {call.fd});\n"
        f"  u32 flags = {_FLAGS[name]};\n"
        "  s64 fd = RET >= 0 ? RET : -1, reads = flags & 1, writes = (flags >> 1) & 1;\n"
        "  u64 met = c->met, unmet = c->unmet;\n"
        "  if (!c->looked) {\n"
        f"    if (!{quick}) return sifted(ctx, c);\n"
        f"{asks}  }}\n"
        f"  if (!{whole}) return sifted(ctx, c);\n"
        "  return send_call(ctx, c);\n}"
    )


def _needs_path(superset: Superset) -> bool:
    if isinstance(superset, All | Any):
        return any(map(_needs_path, superset.parts))
    return isinstance(superset, Where | Level)


def _expression(superset: Superset, bits: Mapping[frozenset[Text], int] | None) -> str:
    """The C expression; without bits every test of a path holds."""
    match superset:
        case All(parts):
            return _joined(parts, " && ", "1", bits)
        case Any(parts):
            return _joined(parts, " || ", "0", bits)
        case Where(texts, negated):
            return "1" if bits is None else f"({'unmet' if negated else 'met'} >> {bits[texts]} & 1)"
        case Level(slashes):
            return "1" if bits is None else f"(!c->slashes || c->slashes == {slashes})"
        case How(number, op, value, negated):
            return _compared(_NUMBERS[number], op, value, negated)


def _joined(
    parts: tuple[Superset, ...], operator: str, neutral: str, bits: Mapping[frozenset[Text], int] | None
) -> str:
    each = dict.fromkeys(_expression(part, bits) for part in parts)
    return f"({operator.join(each) or neutral})"


def _compared(number: str, op: str, value: int, negated: bool) -> str:
    if not _INT_MIN <= value <= _INT_MAX:
        return "1"
    compared = f"({number} {'==' if op == '=' else op} ({value}LL))"
    return f"(!{compared})" if negated else compared
