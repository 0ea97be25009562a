"""A superset holds whenever its condition does."""

from __future__ import annotations

import pytest

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter import ast
from falco.filter.check import check
from falco.filter.fold import Terms
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, Number, Path, Text, Where, passes
from falco.filter.vocabulary import OPENS
from falco.filter.weaken import superset_of

NUMBERS = {Number.WRITES: 0, Number.READS: 1, Number.FD: 3, Number.RESULT: 3}


def superset(text):
    return superset_of([check(parse_condition(text, "test"), SYSCALL_FIELDS)], OPENS)


def lets(text, path, **numbers):
    told = NUMBERS | {Number[name.upper()]: value for name, value in numbers.items()}
    told[Number.RESULT] = told[Number.FD]
    return passes(superset(text), [Path(whole=path)], told)


@pytest.mark.parametrize(
    ("condition", "through", "kept_back"),
    [
        ("fd.name = /etc/shadow", b"/etc/shadow", b"/etc/shadow-"),
        ("fd.name in (/a, /b)", b"/b", b"/c"),
        ("fd.name startswith /etc/", b"/etc/x", b"/x/etc/"),
        ("fd.name endswith .so", b"/lib/x.so", b"/lib/x.so.1"),
        ("fd.name contains bash", b"/root/.bashrc", b"/root/.zshrc"),
        ("fd.name pmatch (/etc)", b"/etc/x", b"/etcx"),
        ("fd.name pmatch (/etc)", b"/etc", b"/x/etc"),
        ("fd.name glob /home/*/x", b"/home/anything", b"/root/x"),
        ("fd.directory = /dev", b"/dev/x", b"/devx"),
        ("fd.directory = /dev", b"/dev", b"/dev/x/y"),
        ("fd.directory = /", b"/x", b"/x/y"),
        ("not fd.name glob /*/*", b"/x", b"/x/y"),
        ("not fd.name glob /*/*/*", b"/x/y", b"/x/y/z"),
        ("not fs.path.name = /a", b"/b", b"/a"),
        ("fd.directory startswith /de", b"/dev/x/y", b"/etc/x"),
        ("fd.directory in (/dev, /proc)", b"/proc/x", b"/sys/x"),
        ("fd.filename = passwd", b"/etc/passwd", b"/etc/passwd-"),
        ("fd.filename startswith pass", b"/etc/passwd", b"/etc/shadow"),
        ("fs.path.name = /etc/shadow", b"/etc/shadow", b"/etc/passwd"),
        ("not fd.name startswith /proc", b"/etc/x", b"/proc/x"),
        ("fd.name != /a", b"/b", b"/a"),
        ("not fd.name != /a", b"/a", b"/b"),
        ("fd.name startswith /e and not fd.name = /e/x", b"/e/y", b"/e/x"),
        ("not (fd.name = /a or fd.name = /b)", b"/c", b"/a"),
    ],
)
def test_paths(condition, through, kept_back):
    assert lets(condition, through)
    assert lets(condition, None)
    assert not lets(condition, kept_back)


@pytest.mark.parametrize(
    ("condition", "through", "kept_back"),
    [
        ("evt.is_open_write = true", {"writes": 1}, {"writes": 0}),
        ("evt.is_open_write = false", {"writes": 0}, {"writes": 1}),
        ("not evt.is_open_read = true", {"reads": 0}, {"reads": 1}),
        ("fd.num >= 0", {"fd": 0}, {"fd": -1}),
        ("not fd.num < 0", {"fd": 0}, {"fd": -1}),
        ("fd.num in (3, 4)", {"fd": 4}, {"fd": 5}),
        ("not fd.num in (3, 4)", {"fd": 5}, {"fd": 4}),
        ("fs.path.written exists", {"writes": 1}, {"writes": 0}),
        ("fs.path.written exists", {"writes": 1}, {"writes": 1, "fd": -1}),
        ("not fs.path.written exists", {"writes": 0}, {"writes": 1}),
        ("not fs.path.written = /x", {"writes": 0}, {"writes": 1}),
        ("not fs.path.name startswith /", {"fd": -1}, {"fd": 3}),
    ],
)
def test_numbers(condition, through, kept_back):
    assert lets(condition, b"/x", **through)
    assert not lets(condition, b"/x", **kept_back)


@pytest.mark.parametrize(
    "condition",
    [
        "proc.name = cat",
        "not proc.name = cat",
        "fd.name exists",
        "fd.name icontains X",
        "not fd.name pmatch (/etc)",
        "not fd.name glob /etc/*",
        "not fs.path.name glob /etc/*",
        "not fd.directory = /dev",
        "not fd.filename = passwd",
        "fd.name glob *x",
        "fd.name pmatch (/)",
        "proc.name = cat or fd.name = /a",
    ],
)
def test_what_cannot_be_tested_holds_always(condition):
    assert superset(condition) == ALWAYS


def test_what_is_and_ed_to_it_still_counts():
    assert superset("proc.name = cat and fd.name = /a") == superset("fd.name = /a")


def test_tests_that_were_merged_into_one_are_told_apart_again():
    """Folding joins `endswith a or endswith b` into one test of both."""
    terms = Terms()
    node = check(parse_condition("fd.name endswith .a or fd.name endswith .b", "test"), SYSCALL_FIELDS)
    merged = terms.canonical(node)
    assert isinstance(merged, ast.Test)
    assert merged.operand == (".a", ".b")
    assert superset_of([merged], OPENS) == Where(frozenset((Text(b".a", ends=True), Text(b".b", ends=True))))
