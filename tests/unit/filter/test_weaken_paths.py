"""Comparisons of paths as texts; what they let through is in test_weaken.py."""

from __future__ import annotations

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.joining import both, either
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, Level, Text, Where
from falco.filter.weaken_paths import of_directory, of_filename, of_path


def bound(text):
    return check(parse_condition(text, "test"), SYSCALL_FIELDS)


def where(*texts, negated=False):
    return Where(frozenset(texts), negated)


def test_whole_paths():
    assert of_path(bound("fd.name = /a"), False) == where(Text(b"/a", True, True))
    assert of_path(bound("fd.name != /a"), False) == where(Text(b"/a", True, True), negated=True)
    assert of_path(bound("fd.name pmatch (/a)"), False) == where(Text(b"/a", True, True), Text(b"/a/", True))
    assert of_path(bound("fd.name glob /a/*"), False) == where(Text(b"/a/", True))
    assert of_path(bound("fd.name glob /*/*/*"), True) == either(map(Level, range(3)))


def test_file_names_are_sought_at_the_end():
    assert of_filename(bound("fd.filename = a"), False) == where(Text(b"/a", ends=True))
    assert of_filename(bound("fd.filename = a"), True) == ALWAYS


def test_what_lies_in_a_directory_has_one_more_slash():
    inside = both((where(Text(b"/a/", True)), Level(2)))
    assert of_directory(bound("fd.directory = /a"), False) == either((inside, where(Text(b"/a", True, True))))
