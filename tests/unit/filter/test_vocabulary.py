"""What can be tested of calls of each kind."""

from __future__ import annotations

import pytest

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter import vocabulary
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, Number, Path, passes
from falco.filter.weaken import superset_of

KINDS = ("OPENS", "FDS", "TRANSFERS", "MAKES", "BY_FD", "NAMES", "RESULT")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_one_of_the_registry(kind):
    assert [name for name in getattr(vocabulary, kind) if SYSCALL_FIELDS.get(name) is None] == []


def lets(kind, text, path, result):
    superset = superset_of([check(parse_condition(text, "test"), SYSCALL_FIELDS)], getattr(vocabulary, kind))
    return superset != ALWAYS, passes(superset, path, {Number.RESULT: result})


@pytest.mark.parametrize("kind", ["MAKES", "BY_FD", "NAMES"])
def test_paths_that_only_successful_calls_have(kind):
    assert lets(kind, "fs.path.name = /a", Path(b"/a"), 0) == (True, True)
    assert lets(kind, "fs.path.name = /a", Path(b"/b"), 0) == (True, False)
    assert lets(kind, "fs.path.name = /a", Path(b"/a"), -1) == (True, False)
    assert lets(kind, "not fs.path.name = /a", Path(b"/a"), -1) == (True, True)
    assert lets(kind, "not fs.path.name = /a", Path(b"/a"), 0) == (True, False)


def test_a_name_that_was_passed_may_be_gone_although_the_call_succeeded():
    assert lets("NAMES", "not fs.path.name exists", Path(b"/a"), 0) == (False, True)
    assert lets("BY_FD", "not fs.path.name exists", Path(b"/a"), 0) == (True, False)


def test_only_calls_that_transfer_can_change_a_sockets_name():
    assert "fd.name_changed" in vocabulary.TRANSFERS
    assert "fd.name_changed" not in vocabulary.FDS


def test_without_plain_numbers_there_are_no_parameters():
    assert vocabulary.with_params(vocabulary.FDS, 0, []) == vocabulary.FDS
