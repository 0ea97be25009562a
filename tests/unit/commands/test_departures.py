"""Which calls leave the kernel, and for which rules."""

from __future__ import annotations

from falco.capture.probe.calls import CALLS, LIFE
from falco.capture.probe.plan import OTHERS, make_plan
from falco.commands.departures import Way, departures
from falco.filter.superset import ALWAYS
from tests.unit.commands.loading import departures_of, in_force_of

END = "evt.dir=< and"


def test_every_call_has_its_way(tmp_path):
    found = departures_of(
        tmp_path,
        f"evt.type = open and {END} fd.name = /a",
        f"evt.type = unlink and {END} proc.pname = a",
        "evt.type in (mount, add_key) and evt.dir=<",
    )
    assert len(found) == len((*LIFE, *CALLS, *OTHERS))
    ways = {name: each.way for name, each in found.items()}
    assert ways["open"] is Way.TESTED
    assert ways["unlink"] is Way.EVERY
    assert ways["mount"] is ways["add_key"] is Way.UNTESTED
    assert ways["execve"] is ways["setuid"] is Way.STATE
    assert ways["connect"] is ways["msync"] is Way.NEVER
    assert ways["prlimit64"] is Way.TESTED, "those that set a limit change what is known of processes"


def test_the_rules_that_look_at_a_call_are_told_in_order_with_what_is_tested_of_them(tmp_path):
    found = departures_of(
        tmp_path,
        f"evt.type = open and {END} fd.name = /a and proc.pname = a",
        f"evt.type in (open, connect) and {END} user.name = b",
    )
    first, second = found["open"].looks
    assert [first.rule.name, second.rule.name] == ["Rule 0", "Rule 1"]
    assert (first.untested, first.opens, first.holds_open) == (("proc.pname",), (), False)
    assert (second.superset, second.opens, second.holds_open) == (ALWAYS, ("user.name",), True)
    assert [rule.name for rule in found["open"].held_by] == ["Rule 1"]


def test_a_rule_that_looks_at_the_start_holds_a_call_open_whatever_it_tests(tmp_path):
    in_force, wanted = in_force_of(tmp_path, "evt.type = connect and fd.sport = 22")
    assert "connect" in wanted.sieve.by_call
    found = departures_of(tmp_path, "evt.type = connect and fd.sport = 22")["connect"]
    assert found.way is Way.EVERY
    (look,) = found.looks
    assert look.at_start
    assert look.superset != ALWAYS
    sifted = make_plan(wanted, 0).tail_calls["sieves"]
    assert found.call.number not in sifted, "the probe does not sift it either"
    assert in_force.names() == ["Rule 0"]


def test_a_rule_of_starts_alone_holds_them_open(tmp_path):
    found = departures_of(tmp_path, "evt.type = connect and evt.dir=> and fd.sport = 22")["connect"]
    assert (found.way, [look.at_start for look in found.looks]) == (Way.EVERY, [True])


def test_what_a_rule_asks_for_is_meant(tmp_path):
    found = departures_of(
        tmp_path,
        "evt.type = creat and evt.dir=<",
        f"evt.type in (read, connect) and {END} proc.pname = a | all_events: true",
    )
    assert [look.meant for look in found["creat"].looks] == [True]
    assert [look.meant for look in found["read"].looks] == [True]
    assert [look.meant for look in found["connect"].looks] == [False]


def test_the_rules_of_calls_without_an_event_of_their_own_are_known(tmp_path):
    found = departures_of(tmp_path, f"evt.type = add_key and {END} proc.pname = a")
    assert [look.rule.name for look in found["add_key"].looks] == ["Rule 0"]
    assert not found["msync"].looks


def test_what_there_is_no_room_for_has_its_reason(tmp_path):
    condition = " or ".join(f"(fd.sport = {n} and fd.cport = {n})" for n in range(1, 400))
    found = departures_of(tmp_path, f"evt.type = connect and {END} ({condition})")["connect"]
    assert found.way is Way.EVERY
    assert found.too_large.startswith("798 comparisons")
    assert found.held_by == []


def test_rules_are_only_looked_for_where_they_are_asked_for(tmp_path):
    conditions = f"evt.type = open and {END} fd.name = /a", f"evt.type = unlink and {END} proc.pname = a"
    found = {each.name: each for each in departures(*in_force_of(tmp_path, *conditions), (Way.EVERY,))}
    assert (found["open"].way, found["open"].looks) == (Way.TESTED, ())
    assert (found["unlink"].way, len(found["unlink"].looks)) == (Way.EVERY, 1)
