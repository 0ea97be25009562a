"""What a condition lets through, its superset lets through: on events that are made up of a path and a few numbers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from falco.fields.fd import directory_of
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.ast import And, Not, Or
from falco.filter.check import check
from falco.filter.interpret import evaluate
from falco.filter.parser import parse_condition
from falco.filter.superset import Number, passes
from falco.filter.weaken import superset_of

if TYPE_CHECKING:
    from falco.events.event import Event

PIECES = st.lists(st.sampled_from(["/", "/etc", "/etc/", "a", "b", ".so", "shadow", "ü"]), min_size=1, max_size=4)
TEXTS = PIECES.map("".join)
PATHS = TEXTS.map(lambda text: "/" + text.strip("/").replace("//", "/"))
GLOBS = st.sampled_from(["/*", "/*/*", "/*/*/*", "*", "/etc/*", "*a*", "/?*"])
QUOTED = st.one_of(TEXTS, GLOBS).map(lambda text: f'"{text}"')
NAMES = st.sampled_from(["fd.name", "fd.directory", "fd.filename", "fs.path.name", "fs.path.written", "proc.name"])
FLAGS = st.sampled_from(["evt.is_open_write", "evt.is_open_read"])
TESTS = st.one_of(
    st.builds(
        "{} {} {}".format, NAMES, st.sampled_from(["=", "!=", "contains", "startswith", "endswith", "glob"]), QUOTED
    ),
    st.builds(
        "{} {} ({})".format,
        NAMES,
        st.sampled_from(["in", "pmatch"]),
        st.lists(QUOTED, min_size=1, max_size=3).map(", ".join),
    ),
    st.builds("{} exists".format, NAMES),
    st.builds("{} {} {}".format, FLAGS, st.sampled_from(["=", "!="]), st.sampled_from(["true", "false"])),
    st.builds("fd.num {} {}".format, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.integers(-2, 4)),
    st.builds("fd.num in ({})".format, st.lists(st.integers(0, 4).map(str), min_size=1, max_size=3).map(", ".join)),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=8,
)


def reading_rows(node):
    """The condition on rows of values instead of events."""
    match node:
        case And(children):
            return And(tuple(map(reading_rows, children)))
        case Or(children):
            return Or(tuple(map(reading_rows, children)))
        case Not(child):
            return Not(reading_rows(child))
        case _:
            key = node.field.key
            return dataclasses.replace(node, field=dataclasses.replace(node.field, extract=lambda row: row.get(key)))


@given(CONDITIONS, PATHS, st.booleans(), st.booleans(), st.integers(-1, 4), st.sampled_from(["cat", "a", None]))
def test_whatever_matches_passes(text, path, writes, reads, fd, program):
    condition = check(parse_condition(text, "test"), SYSCALL_FIELDS)
    failed = fd < 0
    row = {
        "fd.num": fd,
        "evt.is_open_write": writes,
        "evt.is_open_read": reads,
        # A failed open has the path that was passed, which the kernel told nothing of.
        "fd.name": path,
        "fd.directory": directory_of(path),
        "fd.filename": None if failed else path[path.rfind("/") + 1 :] or path,
        "fs.path.name": None if failed else path,
        "fs.path.written": path if writes and not failed else None,
        "proc.name": program,
    }
    known = None if failed else path.encode("utf-8", "surrogateescape")
    numbers = {Number.WRITES: int(writes), Number.READS: int(reads), Number.FD: fd}
    if evaluate(reading_rows(condition), cast("Event", row)):
        assert passes(superset_of([condition]), known, numbers)
