"""Supersets in words."""

from __future__ import annotations

import pytest

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.joining import either
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, NEVER, How, Number, Param
from falco.filter.vocabulary import OPENS, TRANSFERS
from falco.filter.weaken import superset_of
from falco.filter.weaken_traits import TRAITS
from falco.filter.words import SHORT, WHOLE, Style, told


def superset(condition, vocabulary=OPENS):
    return superset_of([check(parse_condition(condition, "test"), SYSCALL_FIELDS)], vocabulary)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("fd.num >= 0 and evt.is_open_write = true", "fd number >= 0 and opened for writing"),
        ("evt.is_open_read = false", "not opened for reading"),
        ("not evt.is_open_read = false", "opened for reading"),
        ("fd.name = /a or fd.name endswith .b", "path is /a or path is like *.b"),
        ("not fd.name = /a", "path is not /a"),
        ("not fd.name contains a", "path is not like *a*"),
        ("fd.name in (/a, /b)", "path is one of 2: /a, /b"),
        ("not fd.name in (/a, /b)", "path is none of 2: /a, /b"),
        ("fd.name pmatch (/etc, /usr/bin)", "path is one of 2: /etc[/*], /usr/bin[/*]"),
        ("fd.name startswith /etc/ or fd.name = /etc", "path is like /etc/* or path is /etc"),
        ("fd.num = 3 and (fd.name = /a or fd.num = 4)", "fd number = 3 and (path is /a or fd number = 4)"),
        ("not fd.name glob /*/*", "path has 0 or 1 slashes"),
        ("fs.path.name = /a", "it succeeds and path is /a"),
        ("not fs.path.name = /a", "it fails or path is not /a"),
    ],
)
def test_of_files(condition, words):
    assert told(superset(condition)) == words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("fd.name_changed = true", "the socket is not connected"),
        ("not fd.name_changed = true", "the socket is connected"),
        ("fd.typechar = u and evt.rawres >= 0", "fd is a unix socket and it succeeds"),
        ("fd.typechar in (f, p)", "fd is a file or a pipe"),
        ("not fd.typechar in (4, 6)", "fd is not an IP socket"),
        ("evt.rawres < 0", "it fails"),
        ("evt.rawres = -115 or evt.rawres = 3", "result in (EINPROGRESS, 3)"),
        ("not fd.snet = 10.0.0.0/8", "server address not in 10.0.0.0/8"),
        ("not fd.snet in (10.0.0.0/8) and not fd.sip = 1.2.3.4", "server address not in (10.0.0.0/8, 1.2.3.4)"),
        ("fd.cip = 10.0.0.1", "client address = 10.0.0.1"),
        ("fd.sip = ::1", "server address is not one of IPv4"),
        ("fd.l4proto = udp", "transport = udp"),
        ("fd.sport = 22", "server port = 22"),
        ("fd.sport != 22", "server port != 22"),
        ("not fd.sport = 22", "server port != 22"),
        ("not fd.sport > 22", "server port <= 22"),
    ],
)
def test_of_sockets(condition, words):
    assert told(superset(condition, TRANSFERS)) == words


def test_always_and_never():
    assert (told(ALWAYS), told(NEVER)) == ("always", "never")


@pytest.mark.parametrize(
    ("condition", "short", "whole"),
    [
        ("proc.name = a", "proc.name = a", "proc.name = a"),
        (
            "fd.num >= 0 and not proc.name = a and (user.uid = 0 or proc.exepath glob /b/*)",
            "fd number >= 0 and 3 tests of the process",
            "fd number >= 0 and not proc.name = a and (user.uid = 0 or proc.exepath glob /b/*)",
        ),
        ("proc.exepath pmatch (/b, /a)", "proc.exepath pmatch (/a, /b)", "proc.exepath pmatch (/a, /b)"),
    ],
)
def test_of_processes(condition, short, whole):
    found = superset(condition, {**OPENS, **TRAITS})
    assert (told(found, SHORT), told(found, WHOLE)) == (short, whole)


def test_values_have_their_names_where_they_are_known():
    test = How(Param("domain"), "=", 17)
    assert told(test, Style(bits={"domain": {17: "AF_PACKET"}})) == "domain = AF_PACKET"
    assert told(test) == "domain = 17"


def test_bits_have_their_names_where_they_are_known():
    flags = Param("flags")
    named = Style(bits={"flags": {4: "O_CREAT"}})
    assert told(How(flags, "&", 4), named) == "flags has O_CREAT"
    assert told(How(flags, "&", 4, negated=True), named) == "flags has not O_CREAT"
    assert told(How(flags, "&", 32), named) == "flags has 0x20"
    assert told(How(Param("mode"), "&", 0o4000)) == "mode has 0o4000"


def test_long_lists_are_told_by_their_beginning_or_as_a_whole():
    names = [f"/{letter}" for letter in "abcdefg"]
    paths = superset(f"fd.name in ({', '.join(names)})")
    assert told(paths, SHORT) == "path is one of 7: /a, /b, /c and 4 more"
    assert told(paths, WHOLE) == f"path is one of 7: {', '.join(names)}"
    numbers = either(How(Number.FD, "=", number) for number in range(9))
    assert told(numbers) == "fd number in (0, 1, 2 and 6 more)"


def test_one_more_than_is_shown_is_shown_too():
    assert told(superset("fd.name in (/a, /b, /c, /d)")) == "path is one of 4: /a, /b, /c, /d"
