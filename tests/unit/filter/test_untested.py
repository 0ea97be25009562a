"""What of a condition cannot be tested, and what of that lets everything through."""

from __future__ import annotations

import pytest

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.filter.respell import respelled
from falco.filter.untested import opening, untested
from falco.filter.vocabulary import OPENS


def bound(text):
    return check(parse_condition(text, "test"), SYSCALL_FIELDS)


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ("proc.pname = a and (fd.name = /b or not user.name = c or proc.pname = d)", ("proc.pname", "user.name")),
        ("fd.name = /a and fd.num > 3", ()),
        ("fd.name pmatch (/a) and not fd.name pmatch (/a/b)", ("fd.name (not pmatch)",)),
        ("proc.aname[2] = a", ("proc.aname[2]",)),
    ],
)
def test_fields_of_which_nothing_can_be_tested_are_told(condition, fields):
    assert untested(bound(condition), OPENS) == fields


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ("proc.pname = a and user.name = b", ("proc.pname", "user.name")),
        ("proc.pname = a or fd.name = /a", ("proc.pname",)),
        ("not (proc.pname = a and fd.name = /a)", ("proc.pname",)),
        ("not (proc.pname = a or user.name = b)", ("proc.pname", "user.name")),
        ("proc.pname = a and (fd.num = 1 or user.name = b)", ("proc.pname", "user.name")),
        ("fd.num = 1 or (fd.name = /a and proc.pname = a) or user.name = b", ("user.name",)),
    ],
)
def test_only_what_lets_everything_through_opens(condition, fields):
    assert opening(bound(condition), OPENS) == fields


def test_what_stands_beside_a_path_for_the_kernel_s_word_is_not_named():
    node = respelled(bound("proc.exepath = /bin/sh"), {"/bin/sh": "/usr/bin/sh"})
    assert node != bound("proc.exepath = /bin/sh")
    assert untested(node, OPENS) == opening(node, OPENS) == ("proc.exepath",)
