"""Mutated conditions and rules files give rules or RulesError, and every error has a place in its file."""

from __future__ import annotations

import random

from falco.engine import load
from falco.errors import RulesError
from falco.filter import parser
from tests.fuzz.inputs import bounded, inputs

RULES = """\
- required_engine_version: 3
- list: shells
  items: [bash, "'zsh'", '"k sh"', csh]
- list: more
  items: [shells, 0x10, 10.0.0.0/8]
- macro: opened
  condition: >
    evt.type in (open, openat) and
    fd.name exists
- macro: mine
  condition: opened and not proc.name in (more)
- rule: &name Read "it"
  desc: != nothing
  condition: |
    mine and (proc.aname[2] = bash or proc.name in (shells))
    and fd.name startswith '/et' and evt.dir=<
  output: "it \\u0041 happened (%proc.name)"
  priority: WARNING
  tags: [a, *name]
- rule: Other
  desc: ''
  condition: "evt.type=execve and\\n proc.name != \\"x\\""
  output: o
  priority: 3
  source: syscall
  enabled: false
- rule: Other
  append: true
  condition: or mine
"""
CONDITIONS = (
    "evt.type in (open, openat) and not fd.name startswith '/et' or (proc.aname[2]=0x10 and evt.dir=<)",
    'proc.name in ("a b", 10.0.0.0/8,, -1) and fd.name exists or evt.arg.flags contains "\\"\\n"',
)
PIECES = (
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "\\",
    ",",
    "=",
    "!",
    ":",
    "-",
    "#",
    "&a",
    "*a",
    "|",
    ">",
    "\n",
    "\n  ",
    " ",
    "\t",
    "\x00",
    "é",
    "\ud7ff",
    "not ",
    " and ",
    " or ",
    "in",
    "exists",
    "0x",
    "1e9",
    "<<",
    "~",
    "?",
    "%",
    "---",
)


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 5)):
        at, length = rng.randrange(len(text) + 1), rng.choice((0, 0, 1, 2, 10))
        start = rng.randrange(len(text) + 1)
        piece = rng.choice((rng.choice(PIECES), text[start : start + rng.randint(1, 30)], ""))
        text = text[:at] + piece + text[at + length :]
    return text


def test_conditions():
    for number, rng in inputs("condition text"):
        text = mutated(rng.choice(CONDITIONS), rng)
        with bounded("condition text", number):
            try:
                parser.parse_condition(text)
            except RulesError as error:
                for problem in error.problems:
                    assert problem.location is not None
                    assert problem.location.line <= text.count("\n") + 1


def test_rules_files(tmp_path):
    path = tmp_path / "rules.yaml"
    for number, rng in inputs("rules file"):
        data = mutated(RULES, rng).encode()
        if rng.random() < 0.5:
            at = rng.randrange(len(data))
            data = data[:at] + rng.randbytes(rng.randint(1, 3)) + data[at + rng.randint(0, 3) :]
        path.write_bytes(data)
        with bounded("rules file", number):
            loaded = load.collect_rules([str(path)])
            for problem in (*loaded.errors, *loaded.warnings):
                assert problem.location is not None
                assert problem.location.path == str(path)
                assert problem.location.line <= data.count(b"\n") + 1
                assert str(problem)
