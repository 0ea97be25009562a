"""--explain-filter and --verify-filter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from falco.commands.sifting import Verified
from falco.events import facts
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
