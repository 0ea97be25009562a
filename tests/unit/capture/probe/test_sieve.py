"""Which calls are sifted, by which programs; what those do is tested on a live kernel (tests/live/test_sieve.py)."""

from __future__ import annotations

import pytest

from falco.capture.probe.plan import Wanted, make_plan
from falco.capture.probe.sieve import LARGEST, LARGEST_OF_GROUP, NO_SIEVE, make_sieve
from falco.capture.probe.sieve import sieve_of as made_of
from falco.capture.probe.sifted import SIFTED, Group
from falco.capture.probe.text import code, event_of, probe_text
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.gather import size
from falco.filter.joining import either
from falco.filter.parser import parse_condition
from falco.filter.superset import UNKNOWN_PATH, How, Number, Path, passes

SHADOW = "evt.is_open_read = true and fd.num >= 0 and fd.name = /etc/shadow"
BELOW = "evt.is_open_write = true and fd.name startswith /bin/"
SETTING_TRAITS = 5
OPENS = ("open", "openat", "openat2")
CODES = frozenset(code(each.call, "X") for each in SIFTED if each.group is Group.OPENS)


def sieve_for(**conditions):
    """The sieve of conditions by calls; `a_call=(one, another)`."""
    nodes = {
        event_of(each.call, "X"): [
            check(parse_condition(text, "test"), SYSCALL_FIELDS) for text in conditions[each.call.name]
        ]
        for each in SIFTED
        if each.call.name in conditions
    }
    return make_sieve(lambda call: nodes.get(event_of(call, "X"), []))


def sieve_of(*conditions):
    return sieve_for(**dict.fromkeys(OPENS, conditions))


def of_rules(sieve):
    """The calls that are sifted since rules want them; what is sifted for the state alone is left out."""
    return sorted(sieve.by_call.keys() - {"prlimit64", "prctl"})


def test_calls_of_a_group_share_a_program_that_is_named_after_what_is_in_it():
    sieve = sieve_of(SHADOW)
    assert of_rules(sieve) == sorted(OPENS)
    assert len({sieve.by_call[name] for name in OPENS}) == 1
    assert set(sieve.by_call.values()) == set(sieve.programs)
    assert sieve_of(SHADOW) == sieve
    assert sieve_of(BELOW).by_call["open"] not in sieve.programs


def test_calls_that_no_rule_looks_at_have_no_program():
    assert of_rules(sieve_for(connect=["evt.rawres >= 0"], unlink=["fs.path.name = /a"])) == ["connect", "unlink"]


def test_other_texts_for_the_same_tests_need_no_other_program():
    other = sieve_of(SHADOW.replace("/etc/shadow", "/etc/gshadow"))
    assert other.programs == sieve_of(SHADOW).programs
    assert other.table != sieve_of(SHADOW).table


def test_other_tests_of_threads_need_no_other_program_but_have_another_number_in_the_settings():
    one, other = sieve_of("proc.exepath = /bin/sh"), sieve_of("proc.exepath in (/bin/sh, /usr/bin/sh)")
    assert other.programs == one.programs
    assert other.list_number != one.list_number == sieve_of("proc.exepath = /bin/sh").list_number
    settings = make_plan(Wanted(CODES, sieve=other), 0).arrays["settings"]
    assert settings[SETTING_TRAITS] == other.list_number.to_bytes(8, "little")


def test_a_rule_without_a_test_leaves_its_calls_open_and_no_others():
    sieve = sieve_for(open=[SHADOW, "proc.pname = cat"], openat=[SHADOW], connect=["proc.pname = cat"])
    assert of_rules(sieve) == ["openat"]
    assert set(sieve.left_open) == {"open", "connect"}
    assert sieve.too_large == frozenset()


def test_tests_that_are_too_many_leave_their_call_open_and_no_others():
    many = [f"fd.num = {i} and fd.name = /x{i}" for i in range(80)]
    sieve = sieve_for(open=[SHADOW], openat=many, mkdir=["fs.path.name = /a"])
    assert of_rules(sieve) == ["mkdir", "open"]
    assert sieve.too_large == {"openat"}
    assert "tests of paths, 64 fit" in sieve.left_open["openat"]


def test_texts_that_are_too_long_leave_their_call_open():
    long = ["fd.name = /" + "x" * 200 + str(i) + "y" * 100 for i in range(90)]
    sieve = sieve_for(open=[SHADOW], openat=long)
    assert of_rules(sieve) == ["open"]
    assert "states" in sieve.left_open["openat"]


def test_what_has_no_room_is_tested_more_loosely_first():
    deep = [f"fd.directory = /opt/{i}" for i in range(80)]
    sieve = sieve_for(openat=deep)
    assert sieve.too_large == frozenset()
    superset = sieve.supersets["openat"]
    assert size(superset) == 1
    assert passes(superset, [Path(b"/opt/7/x/y")], {})
    assert not passes(superset, [Path(b"/opt/x")], {})


def test_a_group_that_is_too_large_leaves_its_last_calls_open():
    wide = either(How(Number.SERVER_PORT, "=", i) for i in range(LARGEST))
    calls = ["connect", "accept", "accept4", "listen", "bind", "sendto", "recvfrom"]
    sieve = made_of(dict.fromkeys(calls, wide))
    assert sieve.too_large == {"bind", "sendto", "recvfrom"} == set(calls) - sieve.by_call.keys()
    assert str(LARGEST_OF_GROUP) not in sieve.left_open["bind"]


def test_conditions_that_are_too_large_leave_only_their_call_open():
    wide = " or ".join(f"(evt.rawres = {i} and fd.sport = {i})" for i in range(1, LARGEST))
    sieve = sieve_for(connect=[wide], accept=["evt.rawres >= 0"])
    assert size(sieve.supersets["connect"]) > LARGEST
    assert of_rules(sieve) == ["accept", "accept4"]
    assert sieve.too_large == {"connect"}
    assert str(LARGEST) in sieve.left_open["connect"]


@pytest.mark.parametrize(("limits", "passed"), [(1, True), (0, False)])
def test_what_changes_the_state_passes_whatever_rules_want(limits, passed):
    for sieve in (sieve_of(SHADOW), sieve_for(prlimit64=["evt.rawres < 0"])):
        superset = sieve.supersets["prlimit64"]
        assert passes(superset, UNKNOWN_PATH, {Number.RESULT: 0, Number.LIMITS: limits}) is passed


def test_a_plan_loads_the_sieve_of_calls_whose_exit_is_wanted_and_not_their_enter():
    plan = make_plan(Wanted(CODES, sieve=sieve_of(SHADOW)), 0)
    assert {name.rpartition("_")[0] for name in plan.tail_calls["sieves"].values()} == {"sieve_opens"}
    assert sorted(plan.tail_calls["sieves"]) == [2, 257, 437]
    assert set(plan.texts) == set(plan.tail_calls["sieves"].values()) <= set(plan.programs)
    assert {"step_look", "step_look_at_name"} <= set(plan.tail_calls["steps"].values())
    with_enters = make_plan(Wanted(CODES | {number - 1 for number in CODES}, sieve=sieve_of(SHADOW)), 0)
    assert with_enters.tail_calls["sieves"] == {}


@pytest.mark.parametrize(
    ("name", "condition", "steps"),
    [
        ("unlink", "fs.path.name = /a", {"step_look", "step_look_at_name"}),
        ("read", "fd.name = /a", {"step_look"}),
        ("read", "evt.rawres = 1", set()),
    ],
)
def test_only_steps_that_are_taken_are_loaded(name, condition, steps):
    (number,) = (code(each.call, "X") for each in SIFTED if each.call.name == name)
    plan = make_plan(Wanted(frozenset((number,)), sieve=sieve_for(**{name: [condition]})), 0)
    assert {"step_look", "step_look_at_name"} & set(plan.programs) == steps


def test_what_a_call_by_its_fd_alone_never_has_is_known():
    gone, other = "fs.path.source = /a", "not fs.path.source = /a"
    sieve = sieve_for(ftruncate=[f"{gone} or fs.path.name = /b"], pwrite64=[gone])
    assert not passes(sieve.supersets["ftruncate"], [Path(b"/a")], {})
    assert passes(sieve.supersets["ftruncate"], [Path(b"/b")], {})
    assert "pwrite64" in sieve.left_open
    assert "ftruncate" in sieve_for(ftruncate=[other]).left_open


def test_without_a_sieve_nothing_of_it_is_loaded():
    plan = make_plan(Wanted(CODES, sieve=NO_SIEVE), 0)
    assert "step_look" not in plan.programs
    assert "rows" not in plan.arrays


@pytest.mark.parametrize("half", [0, 1])
def test_the_table_is_written_to_the_half_that_is_asked_for(half):
    sieve = sieve_of(SHADOW)
    plan = make_plan(Wanted(CODES, sieve=sieve), 0, half)
    first = min(plan.arrays["rows"])
    assert first == int.from_bytes(plan.arrays["settings"][3], "little") == half * 8192
    assert len(plan.arrays["rows"]) == len(sieve.table.steps)
    assert list(plan.arrays["classes"]) == [half]


def test_the_text_holds_the_sieves_of_the_plan():
    plan = make_plan(Wanted(CODES, sieve=sieve_of(SHADOW)), 0)
    text = probe_text(plan.programs, tuple(plan.texts.values()), "")
    assert all(f"int {name}(struct bpf_raw_tracepoint_args *ctx)" in text for name in plan.programs)
