"""Building and loading: what compiler and kernel refuse, and what may not be compiled."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from falco.capture.probe.build import ProbeError
from falco.capture.probe.cache import Cache
from falco.capture.probe.plan import Wanted, make_plan
from falco.capture.probe.sieve import sieve_of
from falco.commands import building
from falco.commands.building import Builder
from falco.events.table import CODES
from falco.filter.superset import How, Number

if TYPE_CHECKING:
    from falco.capture.probe.object import ProbeObject

OPEN, CONNECT = CODES["SYSCALL_OPENAT_2_X"], CODES["SOCKET_CONNECT_X"]


def test_what_may_not_be_compiled_has_to_be_in_the_cache(monkeypatch, tmp_path):
    """A kernel without BTF and headers gives up earlier, with a reason of its own."""
    monkeypatch.setattr(building, "Cache", lambda: Cache(tmp_path))
    compiled: list[object] = []
    monkeypatch.setattr(building, "compile_in_parts", compiled.append)
    plan = make_plan(Wanted(frozenset((OPEN,))), 0)
    with pytest.raises(ProbeError, match=r"SKIP_PROBE_BUILD is set|cannot be built"):
        Builder(Path("/"), compiling=False).build(plan)
    assert not compiled


PROBE = cast("ProbeObject", object())


class Builds:
    """Stands for building: what the compiler says as long as there are sieves of a group."""

    def __init__(self, group, says):
        self.plans, self._group, self._says = [], group, says

    def __call__(self, plan, *, compiling):
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
    monkeypatch.setattr(Builder, "_built", lambda _self, *args, **how: builds(*args, **how))
    assert Builder(Path("/")).build(plan) is PROBE
    _, bare = builds.plans
    assert {name.split("_")[1] for name in bare.texts} == kept
    assert set(bare.tail_calls["sieves"].values()) == set(bare.texts)
    assert set(plan.programs) - set(bare.programs) == set(plan.texts) - set(bare.texts)
    assert caplog.text.count("probe: built without sieve_") == 1
    assert says.partition("{}")[2] in caplog.text


def test_without_compiling_rules_have_to_do_with_a_probe_that_was_made_for_others(monkeypatch, caplog):
    plans = []

    def built(_self, plan, *, compiling):
        plans.append((plan, compiling))
        if plan.texts:
            raise ProbeError("there is none")
        return PROBE

    monkeypatch.setattr(Builder, "_built", built)
    whole = sifting_plan()
    assert Builder(Path("/"), compiling=False).build(whole) is PROBE
    (_, first), (plain, second) = plans
    assert not first and not second
    assert set(whole.programs) - set(plain.programs) == set(whole.texts) != set()
    assert "there is none; there is one for other rules" in caplog.text


def test_what_another_text_would_not_mend_is_not_tried_again(monkeypatch):
    builds = Builds("opens", "")
    monkeypatch.setattr(Builder, "_built", lambda _self, *args, **how: builds(*args, **how))
    with pytest.raises(ProbeError, match="it cannot be built"):
        Builder(Path("/")).build(sifting_plan())
    assert len(builds.plans) == 1


class Loads:
    """Stands for loading: a kernel that refuses some programs, whatever reads by calls alone excepted."""

    def __init__(self, *refused, always=(), reads="directly"):
        self.loaded, self.closed, self._refused, self._always, self._reads = [], [], refused, always, reads

    def __call__(self, probe, plan, sizes):
        assert sizes == {"ring": 4096}
        self.loaded.append(probe)
        refused = self._always if "-DBY_CALLS" in probe.flags else (*self._refused, *self._always)
        left_out = {name: "no" for name in refused if name in plan.programs}
        return SimpleNamespace(
            probe=probe, left_out=left_out, close=lambda: self.closed.append(probe), meta={"reads": self._reads}
        )


def load(monkeypatch, loads, fails=False):
    def build(self, plan):
        if fails and "-DBY_CALLS" in self._flags:
            raise ProbeError("it cannot be built")
        return SimpleNamespace(plan=plan, flags=self._flags)

    monkeypatch.setattr(Builder, "build", build)
    monkeypatch.setattr(building, "Loaded", loads)
    builder, plan = Builder(Path("/")), sifting_plan()
    return builder.load(plan, {"ring": 4096}), builder.build(plan)


def test_what_the_kernel_takes_is_loaded_once(monkeypatch, caplog):
    loads = Loads()
    loaded, _ = load(monkeypatch, loads)
    assert loads.loaded == [loaded.probe]
    assert caplog.text == ""


def test_where_the_kernel_refuses_how_its_structures_are_read_all_is_read_by_calls_from_then_on(monkeypatch, caplog):
    loads = Loads("exit_openat")
    loaded, later = load(monkeypatch, loads)
    first, second = loads.loaded
    assert (loads.closed, loaded.probe, dict(loaded.left_out)) == ([first], second, {})
    assert "-DBY_CALLS" in later.flags
    assert "as the kernel refuses exit_openat" in caplog.text


def test_a_sieve_that_is_refused_is_no_reason_to_read_by_calls(monkeypatch):
    loads = Loads(*sifting_plan().texts)
    loaded, later = load(monkeypatch, loads)
    assert set(loaded.left_out) == set(sifting_plan().texts)
    assert "-DBY_CALLS" not in later.flags


def test_what_the_kernel_refuses_in_either_way_is_left_out_of_the_faster(monkeypatch, caplog):
    loads = Loads(always=("exit_openat",))
    loaded, later = load(monkeypatch, loads)
    first, second = loads.loaded
    assert (loads.closed, loaded.probe, set(loaded.left_out)) == ([second], first, {"exit_openat"})
    assert "-DBY_CALLS" not in later.flags
    assert caplog.text == ""


def test_where_all_is_read_by_calls_anyway_nothing_else_is_tried(monkeypatch):
    loads = Loads("exit_openat", reads="by calls")
    loaded, _ = load(monkeypatch, loads)
    assert (loads.loaded, set(loaded.left_out)) == ([loaded.probe], {"exit_openat"})


def test_where_nothing_else_can_be_built_what_the_kernel_takes_runs(monkeypatch, caplog):
    loads = Loads("exit_openat")
    loaded, later = load(monkeypatch, loads, fails=True)
    assert (loads.closed, set(loaded.left_out)) == ([], {"exit_openat"})
    assert "-DBY_CALLS" not in later.flags
    assert "cannot be had: it cannot be built" in caplog.text
