"""The table of calls that the sieve looks at."""

from __future__ import annotations

import pytest

from falco.capture.live.resolver import RESOLVED
from falco.capture.probe.sifted import CHEAP, FLAGS, SIFTED, Group
from falco.capture.probe.text import code
from falco.events.table import CODES, EVENT_TABLE
from falco.fields.fd_field import WORKS_ON_FD
from falco.filter.superset import NEVER, Param
from falco.state.handlers import PROCESS_LIFE

BY_NAME = {each.call.name: each for each in SIFTED}
IDS = list(BY_NAME)
ROLES = {Group.NAMES: ("n", "t"), Group.PAIRS: ("st",)}
"""The paths that calls of these groups are given."""


@pytest.mark.parametrize("each", SIFTED, ids=IDS)
def test_what_changes_processes_passes_always_or_says_when(each):
    assert (code(each.call, "X") in PROCESS_LIFE) is (each.state != NEVER)


@pytest.mark.parametrize("each", SIFTED, ids=IDS)
def test_what_is_tested_of_a_group_is_found_out_for_it(each):
    assert (each.call.name in FLAGS) is (each.group is Group.OPENS)
    assert bool(each.call.fd) is (each.group in (Group.FDS, Group.OPENS))
    assert not any(name.startswith("fd.") for name in each.vocabulary) or each.call.fd
    if each.group in ROLES:
        assert "".join(base.role for base in each.call.bases) in ROLES[each.group]
        assert RESOLVED[code(each.call, "X")]


@pytest.mark.parametrize("each", SIFTED, ids=IDS)
def test_fields_of_an_fd_are_tested_where_the_event_has_them(each):
    has_any = any(name.startswith("fd.") for name in each.vocabulary)
    assert not has_any or WORKS_ON_FD[code(each.call, "X")]
    assert has_any or each.group not in (Group.OPENS, Group.FDS) or each.call.name in ("recvmmsg", "ftruncate")


@pytest.mark.parametrize("each", SIFTED, ids=IDS)
def test_of_each_call_there_is_something_cheap_that_a_warning_can_name(each):
    assert set(CHEAP[each.group]) & each.vocabulary.keys()


@pytest.mark.parametrize("name", ["symlink", "symlinkat"])
def test_of_a_symbolic_link_only_where_it_is_made_is_tested(name):
    assert {"fs.path.source", "fs.path.written"} < BY_NAME[name].vocabulary.keys()
    assert "fs.path.target" not in BY_NAME[name].vocabulary
    assert [base.role for base in BY_NAME[name].call.bases] == ["t"]


def test_calls_with_one_code_are_of_one_group_and_vocabulary():
    by_code: dict[int, set[object]] = {}
    for each in SIFTED:
        by_code.setdefault(code(each.call, "X"), set()).add((each.group, frozenset(each.vocabulary)))
    assert [number for number, kinds in by_code.items() if len(kinds) > 1] == []


def test_parameters_that_are_plain_numbers_are_told_by_the_calls_arguments():
    assert BY_NAME["socket"].params[Param("domain")] == "(s64)(u32)(A0)"
    assert BY_NAME["mprotect"].params[Param("prot")] == "(s64)(u32)(prot_flags(A2))"
    assert Param("flags") not in BY_NAME["openat2"].params, "it lies in memory that others may change"
    assert Param("size") not in BY_NAME["sendmsg"].params


def test_every_parameter_is_one_of_its_event():
    for each in SIFTED:
        names = {param.name for param in EVENT_TABLE[code(each.call, "X")].params}
        assert {param.name for param in each.params} <= names


def test_results_are_tested_where_the_event_tells_what_the_call_returned():
    assert "evt.rawres" in BY_NAME["mmap"].vocabulary
    assert "evt.rawres" in BY_NAME["accept"].vocabulary
    assert EVENT_TABLE[CODES["SOCKET_ACCEPT4_5_X"]].params[0].name == "fd"
