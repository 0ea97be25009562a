"""The sieve's programs as text; what they do is tested on a live kernel (tests/live/test_sieve.py)."""

from __future__ import annotations

import re

import pytest

from falco.capture.probe.plan import Wanted, make_plan
from falco.capture.probe.sieve import CODES, NO_SIEVE, make_sieve
from falco.capture.probe.text import probe_text
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.parser import parse_condition

SHADOW = "evt.is_open_read = true and fd.num >= 0 and fd.name = /etc/shadow"
BELOW = "evt.is_open_write = true and fd.name startswith /bin/"
PRODUCED = "proc.name = cat and fd.name != /tmp/x"


def sieve_of(*conditions):
    nodes = [check(parse_condition(text, "test"), SYSCALL_FIELDS) for text in conditions]
    return make_sieve(lambda code: nodes)


def test_each_opening_call_has_a_program_that_is_named_after_what_is_in_it():
    sieve = sieve_of(SHADOW)
    assert sorted(sieve.by_call) == ["open", "openat", "openat2"]
    assert set(sieve.by_call.values()) == set(sieve.programs)
    assert sieve_of(SHADOW) == sieve
    assert set(sieve_of(BELOW).programs).isdisjoint(sieve.programs)


def test_other_texts_for_the_same_tests_need_no_other_program():
    other = sieve_of(SHADOW.replace("/etc/shadow", "/etc/gshadow"))
    assert other.programs == sieve_of(SHADOW).programs
    assert other.table != sieve_of(SHADOW).table


def test_the_program_tests_what_the_rules_do():
    (text,) = {
        re.sub(r"sieve_\w+|flags = .*;|take_file.*;", "", text) for text in sieve_of(SHADOW, BELOW).programs.values()
    }
    assert "((reads == (1LL)) && (fd >= (0LL)) && (met >> 0 & 1))" in text
    assert "((writes == (1LL)) && (met >> 1 & 1))" in text


def test_a_negated_test_reads_what_was_not_met():
    (text,) = {
        text.split("looked", 1)[0] and text for text in sieve_of(PRODUCED).programs.values() if "openat_" in text
    }
    assert "if (!(unmet >> 0 & 1)) return sifted" in text


def test_a_rule_without_a_test_leaves_the_calls_open():
    sieve = sieve_of(SHADOW, "proc.name = cat")
    assert (sieve.programs, sieve.by_call) == ({}, {})
    assert set(sieve.left_open) == {"open", "openat", "openat2"}


def test_rules_that_are_too_many_leave_the_calls_open():
    sieve = sieve_of(*(f"fd.name = /{i} or (fd.num = {i} and fd.name = /x{i})" for i in range(80)))
    assert sieve.programs == {}
    assert "fit" in sieve.left_open["open"]


def test_a_plan_loads_the_sieve_of_calls_whose_exit_is_wanted_and_not_their_enter():
    codes = frozenset(CODES)
    plan = make_plan(Wanted(codes, sieve=sieve_of(SHADOW)), 0)
    assert {name.rpartition("_")[0] for name in plan.tail_calls["sieves"].values()} == {
        "sieve_open", "sieve_openat", "sieve_openat2"
    }  # fmt: skip
    assert set(plan.texts) == set(plan.tail_calls["sieves"].values()) <= set(plan.programs)
    assert plan.tail_calls["steps"][2] == "step_look"
    with_enters = make_plan(Wanted(codes | {code - 1 for code in codes}, sieve=sieve_of(SHADOW)), 0)
    assert with_enters.tail_calls["sieves"] == {}


def test_without_a_sieve_nothing_of_it_is_loaded():
    plan = make_plan(Wanted(frozenset(CODES), sieve=NO_SIEVE), 0)
    assert "step_look" not in plan.programs
    assert "rows" not in plan.arrays


@pytest.mark.parametrize("half", [0, 1])
def test_the_table_is_written_to_the_half_that_is_asked_for(half):
    sieve = sieve_of(SHADOW)
    plan = make_plan(Wanted(frozenset(CODES), sieve=sieve), 0, half)
    first = min(plan.arrays["rows"])
    assert first == int.from_bytes(plan.arrays["settings"][3], "little") == half * 8192
    assert len(plan.arrays["rows"]) == len(sieve.table.steps)
    assert list(plan.arrays["classes"]) == [half]


def test_the_text_holds_the_sieves_of_the_plan():
    plan = make_plan(Wanted(frozenset(CODES), sieve=sieve_of(SHADOW)), 0)
    text = probe_text(plan.programs, tuple(plan.texts.values()), "")
    assert all(f"int {name}(struct bpf_raw_tracepoint_args *ctx)" in text for name in plan.programs)
