"""What rules and options want of the probe."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from falco.capture.probe.build import ProbeError
from falco.capture.probe.cache import Cache
from falco.capture.probe.plan import Wanted, make_plan
from falco.capture.probe.sieve import sieve_of
from falco.commands import probing
from falco.commands.options import Options
from falco.commands.probing import unseen, wanted
from falco.errors import FalcoError
from falco.events.table import CODES, EVENT_TABLE
from falco.filter.evttypes import EventTypes
from falco.filter.superset import How, Number
from falco.state.handlers import PROCESS_LIFE

if TYPE_CHECKING:
    from falco.capture.probe.object import ProbeObject
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


def test_what_may_not_be_compiled_has_to_be_in_the_cache(monkeypatch, tmp_path):
    """A kernel without BTF and headers gives up earlier, with a reason of its own."""
    monkeypatch.setattr(probing, "Cache", lambda: Cache(tmp_path))
    compiled: list[object] = []
    monkeypatch.setattr(probing, "compile_in_parts", compiled.append)
    plan = make_plan(wanted(in_force(), Options()), 0)
    with pytest.raises(ProbeError, match=r"SKIP_PROBE_BUILD is set|cannot be built"):
        probing.build(plan, Path("/"), compiling=False)
    assert not compiled


PROBE = cast("ProbeObject", object())


class Builds:
    """Stands for building: what the compiler says as long as there are sieves of a group."""

    def __init__(self, group, says):
        self.plans, self._group, self._says = [], group, says

    def __call__(self, plan, _host_root, *, compiling):
        assert compiling
        self.plans.append(plan)
        refused = [name for name in plan.texts if self._group in name]
        if refused:
            error = ProbeError("it cannot be built")
            error.by_text = self._says.format(refused[0])
            raise error
        return PROBE


def sifting_plan():
    test = How(Number.RESULT, ">=", 0)
    return make_plan(Wanted(frozenset((OPEN, CONNECT)), sieve=sieve_of({"openat": test, "connect": test})), 0)


@pytest.mark.parametrize(
    ("says", "kept"), [("in function {}: too large", {"fds"}), ("line 3: no C", set())], ids=["named", "not named"]
)
def test_a_sieve_that_cannot_be_compiled_is_left_out_alone_if_the_compiler_names_it(monkeypatch, caplog, says, kept):
    builds, plan = Builds("opens", says), sifting_plan()
    monkeypatch.setattr(probing, "_built", builds)
    assert probing.build(plan, Path("/")) is PROBE
    _, bare = builds.plans
    assert {name.split("_")[1] for name in bare.texts} == kept
    assert set(bare.tail_calls["sieves"].values()) == set(bare.texts)
    assert set(plan.programs) - set(bare.programs) == set(plan.texts) - set(bare.texts)
    assert caplog.text.count("probe: built without sieve_") == 1
    assert says.partition("{}")[2] in caplog.text


def test_without_compiling_rules_have_to_do_with_a_probe_that_was_made_for_others(monkeypatch, caplog):
    plans = []

    def built(plan, _host_root, *, compiling):
        plans.append((plan, compiling))
        if plan.texts:
            raise ProbeError("there is none")
        return PROBE

    monkeypatch.setattr(probing, "_built", built)
    whole = sifting_plan()
    assert probing.build(whole, Path("/"), compiling=False) is PROBE
    (_, first), (plain, second) = plans
    assert not first and not second
    assert set(whole.programs) - set(plain.programs) == set(whole.texts) != set()
    assert "there is none; there is one for other rules" in caplog.text


def test_what_another_text_would_not_mend_is_not_tried_again(monkeypatch):
    builds = Builds("opens", "")
    monkeypatch.setattr(probing, "_built", builds)
    with pytest.raises(ProbeError, match="it cannot be built"):
        probing.build(sifting_plan(), Path("/"))
    assert len(builds.plans) == 1


def test_a_report_says_why_there_is_no_probe(monkeypatch, tmp_path):
    def build(_plan, _host_root):
        raise FalcoError("no headers")

    monkeypatch.setattr(probing, "build", build)
    assert probing.report(tmp_path) == {"error": "no headers"}
