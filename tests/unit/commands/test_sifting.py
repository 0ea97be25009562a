"""--explain-filter and --verify-filter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from falco.commands.sifting import Verified, told
from falco.events import facts
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, NEVER
from falco.filter.weaken import superset_of
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


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("fd.num >= 0 and evt.is_open_write = true", "fd >= 0 and opened for writing"),
        ("evt.is_open_read = false", "not opened for reading"),
        ("not evt.is_open_read = false", "opened for reading"),
        ("fd.name = /a or fd.name endswith .b", "the path has one of /a or the path has one of *.b"),
        ("not fd.name contains a", "the path has none of *a*"),
        ("fd.num = 3 and (fd.name = /a or fd.num = 4)", "fd = 3 and (the path has one of /a or fd = 4)"),
    ],
)
def test_a_superset_in_words(condition, words):
    assert told(superset_of([check(parse_condition(condition, "test"), SYSCALL_FIELDS)])) == words


def test_always_and_never_in_words():
    assert (told(ALWAYS), told(NEVER)) == ("always", "never")


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
    assert lines[at + 2] == "  Anything: EVERY CALL, nothing in its condition can be tested"


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
