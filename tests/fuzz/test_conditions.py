"""Mutated conditions: an error with its place, or code that agrees with plain evaluation and holds nothing of them."""

from __future__ import annotations

import io
import keyword
import random
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from falco.engine import load
from falco.errors import ProblemsError, RulesError
from falco.fields.registry import syscall_fields
from falco.filter import check
from falco.filter.ast import And, Comparison, MacroRef, Node, Not, Or
from falco.filter.codegen import Compiler
from falco.filter.fold import Terms
from falco.filter.interpret import evaluate
from falco.filter.parser import parse_condition
from falco.state.state import State
from tests.events import Builder
from tests.fuzz.inputs import at_least, bounded, inputs

if TYPE_CHECKING:
    from falco.events.event import Event

RULES = Path(__file__).resolve().parents[2] / "rules" / "falco_rules.yaml"
FIELDS = syscall_fields(lambda _: ())  # Conditions must not make the tests ask name servers.
MARK = "zqx"
INJECTED = (
    f"{MARK}",
    f"'{MARK}\"'",
    f'"{MARK}\'"',
    f'"{MARK}\\\\"',
    f'\'{MARK}"""\'',
    f'"{MARK}\n    import os"',
    f"'{MARK}\\n#'",
    f"'): {MARK}('",
    f"'{{{MARK}}}'",
    f"'\u2028{MARK}\r'",
    f"'/{MARK}*[a-'",
)
OWN = (
    "evt.type in (open, openat) and fd.name startswith /etc and not proc.name in (a, b, c)",
    "proc.aname=sh or proc.aname[2] contains 'x y' or proc.pname in (sh, bash) and proc.args icontains A",
    "fd.sip=10.0.0.1 or fd.net=10.0.0.0/8 or fd.cport>1024 and fd.snet in (127.0.0.0/8, 10.0.0.0/8)",
    "evt.arg.name glob '/e*/p?ss[a-w]d' or evt.rawarg.res<0 or evt.arg[1] != x or evt.failed=true",
    "fd.name pmatch (/etc, /usr/lib, '/a b') and (user.name=root or not user.uid>=1) and thread.cgroups exists",
    "proc.cmdline endswith d or proc.duration>100 or evt.num in (1, 2, 0x10) or evt.dir=< and evt.rawtime>0",
    "not (not container.id=host and not (fd.typechar='f' or fd.num=3)) or evt.res=EPERM or evt.latency<=5",
)
WORDS = re.compile(r"\"[^\"]*\"|'[^']*'|[\w./<>=!\[\]-]+|[(),]")
NAME = re.compile(r"[xvtcfsmnkpoa]?_?[a-z_]*\d*\w*")


@pytest.fixture(scope="module")
def conditions() -> tuple[str, ...]:
    """Those of the shipped rules, and some that use what these do not."""
    loaded = load.load_rules([str(RULES)])
    return (*(rule.text for rule in loaded.rules), *OWN)


@pytest.fixture(scope="module")
def events() -> list[Event]:
    state = State()
    built = Builder(state)
    return [
        built.event("SYSCALL_EXECVE_19_X", res=0, exe="/bin/sh", args=["-c", "x y"], comm="sh", pid=7, tid_=7),
        built.event("SYSCALL_OPEN_X", fd=3, name="/etc/passwd", flags="O_RDONLY"),
        built.event("SYSCALL_OPEN_X", fd=-13, name="/usr/lib/zqx", flags="O_WRONLY"),
        built.event("SYSCALL_CLOSE_E", fd=3),
    ]


def mutated(text: str, words: list[str], rng: random.Random) -> str:
    """Words dropped, repeated, swapped, replaced by others or by what tries to break out, a few characters damaged."""
    parts = WORDS.findall(text)
    start = rng.randrange(max(1, len(parts) - 12)) if len(parts) > 60 and rng.random() < 0.3 else 0
    parts = parts[start:] or ["evt.num"]
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        at = rng.randrange(len(parts))
        act = rng.randrange(6)
        if act == 0 and len(parts) > 1:
            del parts[at]
        elif act == 1:
            parts.insert(at, rng.choice(parts))
        elif act == 2:
            parts[at] = rng.choice(words)
        else:
            values = [i for i, part in enumerate(parts) if i and parts[i - 1] in OPENERS] or [at]
            parts[rng.choice(values)] = rng.choice((*INJECTED, rng.choice(words)))
    text = " ".join(parts)
    if rng.random() < 0.1:
        at = rng.randrange(len(text))
        text = (
            text[:at] + rng.choice(("'", '"', "(", ")", "\\", "\n", "\0", "[", "]", "é", ",", "\x1f")) + text[at + 1 :]
        )
    return text


OPENERS = frozenset(
    ("=", "!=", "(", ",", "contains", "icontains", "startswith", "endswith", "glob", "<", ">=", "pmatch")
)


def without_macros(node: Node) -> Node:
    """The condition with a comparison in the place of every macro."""
    match node:
        case MacroRef():
            return parse_condition("evt.num>=0")
        case And(children) | Or(children):
            return type(node)(tuple(map(without_macros, children)))
        case Not(child):
            return Not(without_macros(child))
        case _:
            assert isinstance(node, Comparison)
            return node


def holds_nothing(text: str) -> None:
    """Generated code has no text constants at all, so none of a rule's; its names are its own."""
    assert MARK not in text
    assert text.isascii()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        assert token.type != tokenize.STRING, token.line
        assert token.type != tokenize.COMMENT, token.line
        assert token.type != tokenize.NAME or keyword.iskeyword(token.string) or NAME.fullmatch(token.string)


def bound(text: str) -> Node:
    """The condition checked; RulesError."""
    checker = check.Checker(FIELDS)
    node = checker.check(without_macros(parse_condition(text)))
    if node is None:
        raise RulesError(checker.problems)
    return node


@pytest.mark.parametrize("text", OWN)
def test_what_is_mutated_is_sound(text, events):
    assert agrees(bound(text), events)


def test_conditions(conditions, events):
    words = sorted({word for text in conditions for word in WORDS.findall(text)})
    compiled = injected = 0
    for number, rng in inputs("condition"):
        text = mutated(rng.choice(rng.choice((conditions, OWN))), words, rng)
        with bounded("condition", number):
            try:
                node = bound(text)
            except ProblemsError as error:
                assert error.problems
                assert all(problem.location is not None for problem in error.problems)
                continue
            injected += MARK in text
            compiled += agrees(node, events)
    assert at_least(compiled, 5, "condition"), "too many conditions are refused to test what is compiled"
    assert at_least(injected, 20, "condition")


def agrees(node: Node, events: list[Event]) -> bool:
    """Whether there was something to compile; then the code must be sound and mean what the condition means."""
    terms = Terms()
    canonical = terms.canonical(node)
    if isinstance(canonical, bool):
        assert all(evaluate(node, event) is canonical for event in events)
        return False
    code = Compiler(terms).compile("match_fuzz", "", [(0, canonical)])
    holds_nothing(code.text)
    assert code.legend().isascii()
    assert all(line.startswith("# ") for line in code.legend().splitlines())
    for event in events:
        assert (code.match(event) == 0) is evaluate(node, event), code.text
    return True
