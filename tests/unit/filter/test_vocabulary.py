"""What can be tested of calls of each kind."""

from __future__ import annotations

import pytest

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter import vocabulary
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, Number, Path, passes
from falco.filter.weaken import superset_of

KINDS = ("OPENS", "FDS", "TRANSFERS", "MAKES", "BY_FD", "NAMES", "MAKES_LINK", "PAIRS", "RESULT")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_one_of_the_registry(kind):
    assert [name for name in getattr(vocabulary, kind) if SYSCALL_FIELDS.get(name) is None] == []


def lets(kind, text, result, *paths):
    superset = superset_of([check(parse_condition(text, "test"), SYSCALL_FIELDS)], getattr(vocabulary, kind))
    return superset != ALWAYS, passes(superset, paths, {Number.RESULT: result})


@pytest.mark.parametrize("kind", ["MAKES", "BY_FD", "NAMES"])
def test_paths_that_only_successful_calls_have(kind):
    assert lets(kind, "fs.path.name = /a", 0, Path(b"/a")) == (True, True)
    assert lets(kind, "fs.path.name = /a", 0, Path(b"/b")) == (True, False)
    assert lets(kind, "fs.path.name = /a", -1, Path(b"/a")) == (True, False)
    assert lets(kind, "not fs.path.name = /a", -1, Path(b"/a")) == (True, True)
    assert lets(kind, "not fs.path.name = /a", 0, Path(b"/a")) == (True, False)


def test_a_name_that_was_passed_may_be_gone_although_the_call_succeeded():
    assert lets("NAMES", "not fs.path.name exists", 0, Path(b"/a")) == (False, True)
    assert lets("BY_FD", "not fs.path.name exists", 0, Path(b"/a")) == (True, False)


def test_either_of_two_paths_may_be_what_a_rule_looks_for():
    for field in ("fs.path.source", "fs.path.target", "fs.path.written"):
        assert lets("PAIRS", f"{field} = /a", 0, Path(b"/b"), Path(b"/a")) == (True, True)
        assert lets("PAIRS", f"not {field} = /a", 0, Path(b"/b"), Path(b"/a")) == (True, True)
        assert lets("PAIRS", f"{field} = /a", 0, Path(b"/b"), Path(b"/c")) == (True, False)
        assert lets("PAIRS", f"not {field} = /a", 0, Path(b"/a"), Path(b"/a")) == (True, False)


def test_what_a_symbolic_link_points_at_is_not_looked_at():
    assert lets("MAKES_LINK", "fs.path.target = /a", 0, Path(b"/b")) == (False, True)
    assert lets("MAKES_LINK", "fs.path.source = /a", 0, Path(b"/b")) == (True, False)


def test_only_calls_that_transfer_can_change_a_sockets_name():
    assert "fd.name_changed" in vocabulary.TRANSFERS
    assert "fd.name_changed" not in vocabulary.FDS


def test_without_plain_numbers_there_are_no_parameters():
    assert vocabulary.with_params(vocabulary.FDS, 0, []) == vocabulary.FDS
