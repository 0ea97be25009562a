"""What rules and options want of the probe."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from falco.commands import probing
from falco.commands.building import Builder
from falco.commands.options import Options
from falco.commands.probing import unseen, wanted
from falco.errors import FalcoError
from falco.events.syscalls import SYSCALL_NAMES
from falco.events.table import CODES, EVENT_TABLE
from falco.filter.evttypes import EventTypes
from falco.state.handlers import PROCESS_LIFE
from tests.unit.commands.loading import in_force_of

if TYPE_CHECKING:
    from falco.engine.ruleset import Ruleset

OPEN, READ, CONNECT = (CODES[f"{name}_X"] for name in ("SYSCALL_OPENAT_2", "SYSCALL_READ", "SOCKET_CONNECT"))
KILL_ENTER = CODES["SYSCALL_KILL_E"]


class Rules:
    """As much of a rule set as is asked for."""

    codes = frozenset((OPEN, KILL_ENTER))
    syscalls = frozenset((57,))
    entered_syscalls = frozenset[int]()
    enters = frozenset((KILL_ENTER,))

    def __init__(self, *names):
        self.rules = [SimpleNamespace(types=EventTypes(None, frozenset(), names))]


def in_force(*names):
    """Rules that look at nothing in particular."""
    return SimpleNamespace(ruleset=Rules(*names), remaining=lambda code, call: [])


def test_rules_get_what_they_look_at_and_state_what_process_life_is():
    need = wanted(in_force(), Options())
    assert need.codes == {OPEN, KILL_ENTER, *PROCESS_LIFE}
    assert (set(need.real), need.times) == ({KILL_ENTER}, False)


def test_what_no_rule_looks_at_stays_in_the_kernel():
    need = wanted(in_force(), Options())
    assert READ not in need.codes
    assert need.syscalls is not None
    assert set(need.syscalls) == {57}


@pytest.mark.parametrize("options", [Options(all_events=True), Options(writefile="out.scap")])
def test_everything_is_sent_with_times_for_a_recording_but_not_what_makes_the_recording(options):
    need = wanted(in_force(), options)
    assert (len(need.codes), need.syscalls, need.times) == (len(EVENT_TABLE), None, True)


@pytest.mark.parametrize("options", [Options(), Options(all_events=True), Options(writefile="out.scap")])
def test_what_falco_itself_does_is_left_out(options, monkeypatch):
    monkeypatch.setattr(probing, "own_pid", {"/host": 4711}.get)
    assert wanted(in_force(), dataclasses.replace(options, host_root="/host")).self_tgid == 4711


def test_the_snaplen_is_passed_on():
    assert wanted(in_force(), Options(snaplen=7)).snaplen == 7


def test_events_that_never_come_are_named():
    names = "open", "truncate", "accept4", "quotactl", "sync", "container", "procexit", "tracer"
    assert unseen(cast("Ruleset", Rules(*names))) == ("quotactl", "tracer")


@pytest.mark.parametrize(
    ("condition", "entered"),
    [("evt.type = ftruncate and evt.dir=<", set()), ("evt.type = ftruncate and evt.dir=>", {"ftruncate"}),
     ("evt.type = ftruncate", {"ftruncate"})],
)  # fmt: skip
def test_of_generic_events_enters_are_wanted_where_a_rule_looks_at_them(tmp_path, condition, entered):
    _, need = in_force_of(tmp_path, condition, "evt.type = truncate and evt.dir=<")
    assert {SYSCALL_NAMES[number] for number in need.syscalls or ()} == {"ftruncate", "truncate"}
    assert {SYSCALL_NAMES[number] for number in need.entered or ()} == entered


def test_a_report_says_why_there_is_no_probe(monkeypatch, tmp_path):
    def build(_self, _plan):
        raise FalcoError("no headers")

    monkeypatch.setattr(Builder, "build", build)
    assert probing.report(tmp_path) == {"error": "no headers"}
