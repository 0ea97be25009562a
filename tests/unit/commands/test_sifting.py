"""What leaves the kernel without need, and --verify-filter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from falco.commands import probing
from falco.commands.in_force import InForce
from falco.commands.options import Options
from falco.commands.sifting import Verified, tell_open
from falco.events import facts
from falco.events.table import EVENT_TABLE
from tests.unit.commands.loading import in_force_of
from tests.unit.conftest import falco

if TYPE_CHECKING:
    from falco.events.event import Event

END = "evt.dir=< and"
OPEN = f"evt.type in (open, connect) and {END} proc.pname = a"


@pytest.fixture
def told(tmp_path, capsys):
    """What is said about conditions on standard error."""

    def tell(*conditions):
        tell_open(*in_force_of(tmp_path, *conditions))
        return capsys.readouterr().err

    return tell


def test_a_rule_that_holds_calls_open_is_told_of_with_its_place_the_reason_and_what_would_help(told, tmp_path):
    text = told(f"evt.type = open and {END} proc.pname = a and fd.name startswith /b", OPEN)
    first, *rest = text.splitlines()
    assert first == (
        f'{tmp_path}/rules.yaml:6:9: warning (every-call): rule "Rule 1": every open, connect call leaves the kernel'
        " for it, as the kernel cannot test proc.pname; cheaper: `and` with a test of fd.name or fd.num or"
        " evt.is_open_write or fd.typechar or fd.sport or evt.rawres where calls differ in that"
    )
    assert rest == ["  - rule: Rule 1", "          ^^^^^^"]


@pytest.mark.parametrize(
    ("name", "helpful"),
    [("unlink", "fs.path.name"), ("symlink", "fs.path.source"), ("link", "fs.path.source or fs.path.target")],
)
def test_a_rule_is_told_of_the_fields_that_its_calls_have(told, name, helpful):
    assert f"with a test of {helpful} or evt.rawres where" in told(f"evt.type = {name} and {END} proc.pname = a")


def test_a_rule_that_looks_at_starts_is_told_to_look_at_ends(told):
    text = told("evt.type = connect and fd.sport = 22")
    assert "as it looks at their start too, when little is known; cheaper: evt.dir=< beside evt.type\n" in text


def test_a_rule_without_types_is_told_to_name_some_unless_it_says_that_it_is_meant(told):
    text = told("proc.pname = a")
    assert text.count("every-call") == 1
    assert "every open, creat, openat, openat2, open_by_handle_at, rename (and " in text
    assert "as it names no evt.type; cheaper: evt.type and evt.dir=< for those that are meant" in text
    assert told("proc.pname = a | warn_evttypes: false") == ""


def test_rules_are_told_of_in_their_order_each_once(told):
    text = told(OPEN, f"evt.type = openat and {END} fd.name = /a", OPEN)
    assert [line.split(": ")[2] for line in text.splitlines() if "every-call" in line] == [
        'rule "Rule 0"', 'rule "Rule 2"'
    ]  # fmt: skip


@pytest.mark.parametrize(
    "condition",
    [
        f"evt.type = read and {END} proc.pname = a | all_events: true",
        "evt.type = creat and evt.dir=<",
        f"evt.type = mount and {END} proc.pname = a",
        f"evt.type = execve and {END} proc.pname = a",
    ],
    ids=["asked for by its key", "matches all", "no kind that is tested", "needed in any case"],
)
def test_what_is_meant_or_cannot_be_mended_is_not_told(told, condition):
    assert told(condition) == ""


@pytest.mark.parametrize("options", [Options(all_events=True), Options(writefile="x")])
def test_where_everything_is_sent_anyway_nothing_is_told(tmp_path, capsys, options):
    in_force, _ = in_force_of(tmp_path, OPEN)
    everything = InForce(in_force.ruleset, options.all_events)
    tell_open(everything, probing.wanted(everything, options))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("question", [["-V"], ["-e", "{captures}/cat_write.scap", "-r"]], ids=["-V", "a replay"])
def test_only_a_live_run_tells(tmp_path, captures, question):
    in_force_of(tmp_path, OPEN)
    done = falco(*(word.format(captures=captures) for word in question), tmp_path / "rules.yaml")
    assert done.returncode == 0
    assert "every-call" not in done.stdout + done.stderr


def test_calls_whose_tests_have_no_room_are_told_of(caplog, tmp_path):
    condition = " or ".join(f"(fd.sport = {n} and fd.cport = {n})" for n in range(1, 400))
    tell_open(*in_force_of(tmp_path, f"evt.type in (connect, accept) and {END} ({condition})"))
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "Every connect, accept, accept4 call leaves the kernel: the rules test too much (798 comparisons"
    )


class Marked:
    """As much of an event as is looked at."""

    num, code, nparams, type = 7, 307, 8, EVENT_TABLE[307]

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
    assert caplog.text.count("Rule A rule matches event 7 (openat), which the probe would have kept back") == 1


def test_a_marked_event_that_does_not_match_is_counted(caplog):
    verified = Verified(SimpleNamespace(match=lambda event: None))
    verified.match(marked(facts.SIFTED | facts.IO_URING))
    assert verified.summary() == "Filter verified: 1 calls would have been kept back, 0 of them match a rule\n"
    assert caplog.text == ""
