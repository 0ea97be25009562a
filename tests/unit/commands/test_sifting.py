"""--explain-filter and --verify-filter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from falco.capture.probe.sieve import make_sieve
from falco.commands.in_force import InForce
from falco.commands.sifting import Verified, held_open, tell_open
from falco.engine.bind import bind_rules
from falco.engine.load import load_rules
from falco.engine.ruleset import Ruleset
from falco.events import facts
from falco.fields.registry import SYSCALL_FIELDS
from tests.unit.conftest import falco

if TYPE_CHECKING:
    from falco.events.event import Event

RULES = """
- rule: Writes a thing
  desc: d
  condition: evt.type in (open, openat) and evt.is_open_write = true and fd.name startswith /thing and proc.name = x
  output: o
  priority: INFO
- rule: Anything
  desc: d
  condition: evt.type = openat2 and proc.name = cat
  output: o
  priority: INFO
"""


def test_what_holds_a_call_open_is_named(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    done = falco("-r", rules, "--explain-filter")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "open: 1 rules" in lines
    assert "  Writes a thing: opened for writing and the path has one of /thing*" in lines
    at = lines.index("openat2: 1 rules")
    assert lines[at + 1].startswith("  every call is sent: ")
    assert lines[at + 2] == "  Anything: EVERY CALL, nothing can be tested of proc.name"


def in_force_of(folder, *conditions):
    """The rules in force, with these conditions."""
    text = "".join(
        f"- rule: Rule {number}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n"
        for number, condition in enumerate(conditions)
    )
    path = folder / "rules.yaml"
    path.write_text(text)
    loaded = load_rules([str(path)])
    bound = bind_rules(loaded.rules, SYSCALL_FIELDS, loaded.event_types)
    return InForce(Ruleset(bound.rules), all_events=False)


def test_a_rule_that_holds_calls_open_is_told_of_with_the_reason_and_what_would_help(tmp_path):
    in_force = in_force_of(
        tmp_path,
        "evt.type in (open, connect) and evt.dir=< and proc.name = a",
        "evt.type = open and evt.dir=< and proc.name = a and fd.name startswith /b",
    )
    (sentence,) = held_open(in_force)
    assert sentence.startswith(
        "Rule Rule 0 has every open, connect call leave the kernel, which cannot test proc.name there"
    )
    assert "fd.name" in sentence
    assert "fd.sport" in sentence


def test_calls_whose_tests_have_no_room_are_told_of(caplog, tmp_path):
    condition = " or ".join(f"(fd.sport = {n} and fd.cport = {n})" for n in range(1, 400))
    in_force = in_force_of(tmp_path, f"evt.type = connect and evt.dir=< and ({condition})")
    tell_open(in_force, make_sieve(lambda code: [node for _, node in in_force.remaining(code)]))
    assert "Every connect call leaves the kernel: the rules test too much (798 comparisons" in caplog.text


class Marked:
    """As much of an event as is looked at."""

    num, code, nparams = 7, 307, 8

    def __init__(self, marks):
        self._marks = b"M" + marks.to_bytes(4, "little")

    def raw(self, index):
        return self._marks if index == 7 else b""


def marked(bits):
    return cast("Event", Marked(bits))


def test_a_marked_event_that_matches_is_told_and_counted(caplog):
    rule: Any = SimpleNamespace(name="A rule")
    verified = Verified(SimpleNamespace(match=lambda event: rule))
    assert verified.match(marked(0)) is rule
    assert verified.match(marked(facts.SIFTED)) is rule
    assert (verified.marked, verified.missed) == (1, 1)
    assert caplog.text.count("Rule A rule matches event 7, which the probe would have kept back") == 1


def test_a_marked_event_that_does_not_match_is_counted(caplog):
    verified = Verified(SimpleNamespace(match=lambda event: None))
    verified.match(marked(facts.SIFTED | facts.IO_URING))
    assert verified.summary() == "Filter verified: 1 calls would have been kept back, 0 of them match a rule\n"
    assert caplog.text == ""
