"""Supersets in words."""

from __future__ import annotations

import pytest

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, NEVER
from falco.filter.vocabulary import OPENS, TRANSFERS
from falco.filter.weaken import superset_of
from falco.filter.words import told


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("fd.num >= 0 and evt.is_open_write = true", "fd >= 0 and opened for writing"),
        ("evt.is_open_read = false", "not opened for reading"),
        ("not evt.is_open_read = false", "opened for reading"),
        ("fd.name = /a or fd.name endswith .b", "the path has one of /a or the path has one of *.b"),
        ("not fd.name contains a", "the path has none of *a*"),
        ("fd.num = 3 and (fd.name = /a or fd.num = 4)", "fd = 3 and (the path has one of /a or fd = 4)"),
        ("not fd.name glob /*/*", "the path has 0 slashes or the path has 1 slashes"),
    ],
)
def test_of_files(condition, words):
    assert told(superset_of([check(parse_condition(condition, "test"), SYSCALL_FIELDS)], OPENS)) == words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("fd.name_changed = true", "not a connected socket"),
        ("fd.typechar = u and evt.rawres >= 0", "kind of fd = unix and result >= 0"),
        ("not fd.snet = 10.0.0.0/8", "not server address = 10.0.0.0/8"),
        ("fd.cip = 10.0.0.1", "client address = 10.0.0.1"),
        ("fd.l4proto = udp", "transport = udp"),
        ("fd.sport = 22", "server port = 22"),
    ],
)
def test_of_sockets(condition, words):
    assert told(superset_of([check(parse_condition(condition, "test"), SYSCALL_FIELDS)], TRANSFERS)) == words


def test_always_and_never():
    assert (told(ALWAYS), told(NEVER)) == ("always", "never")
