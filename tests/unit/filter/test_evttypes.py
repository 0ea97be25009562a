from __future__ import annotations

import re

import pytest

from falco.events import syscalls, table
from falco.filter import evttypes
from falco.filter.parser import parse
from falco.filter.source import verbatim


def infer(text):
    source = verbatim(text, "f")
    return evttypes.infer("R", parse(source), text, source.place(0, 1))


def ignored(text, kind="rule", name="R"):
    return [(p.message, str(p.location)) for p in evttypes.ignored(parse(verbatim(text, "f")), kind, name)]


@pytest.mark.parametrize(
    ("text", "types", "warning"),
    [
        ("evt.type=open", "open", None),
        ("evt.type in (open, execve)", "execve,open", None),
        ("evt.type pmatch (open)", "open", None),
        ("evt.type=open and proc.name!=x", "open", None),
        ("evt.type=open and not proc.name=x", "open", None),
        ("evt.type=open and evt.type=execve", "execve,open", None),
        ("evt.type=open or proc.name=x", "open", None),
        ("proc.name=x or evt.type=open", "open", None),
        ("evt.type contains open", "open", None),
        ("evt.type=open or evt.type='close'", "open", None),
        ("evt.type='open'", "all", None),
        ("evt.type in ('open', 7)", "all", None),
        ("evt.type=open and evt.type exists", "open", None),
        ("proc.name=x", "all", "no-evttype"),
        ("evt.type exists", "all", "no-evttype"),
        ("syscall.type=open", "all", "no-evttype"),
        ("evt.type[0]=open", "all", "no-evttype"),
        ("not proc.name=x", "all", "no-evttype"),
        ("evt.type!=open", "all", "trailing-evttype"),
        ("not evt.type=open", "all", "trailing-evttype"),
        ("proc.name!=x and evt.type=open", "all", "trailing-evttype"),
        ("(not proc.name=x or proc.name=y) and evt.type=open", "all", "trailing-evttype"),
        ("evt.type=open and not proc.name=x and evt.type=close", "all", "trailing-evttype"),
        ("not proc.name=x and evt.type exists", "all", "no-evttype"),
    ],
)
def test_types_are_those_before_the_first_negation(text, types, warning):
    inferred = infer(text)
    assert str(inferred.types) == types
    assert (inferred.warning.code if inferred.warning else None) == warning
    assert (inferred.types.codes is None) == (types == "all")


def test_a_name_stands_for_both_directions_and_every_version():
    codes = infer("evt.type=execve").types.codes
    assert codes is not None
    assert codes == {row.code for row in table.EVENT_TABLE if row.name == "execve"}
    assert {code & 1 for code in codes} == {0, 1}


def test_a_system_call_without_event_of_its_own_is_named_by_its_number():
    types = infer("evt.type=madvise").types
    assert types.codes == frozenset()
    assert {syscalls.SYSCALL_NAMES[number] for number in types.syscalls} == {"madvise"}


def test_unknown_names_are_errors_with_place_and_nearest():
    inferred = infer("evt.type in (open,\n opne, qqqqqqq) and\nproc.name=x")
    assert [(p.message, str(p.location), p.nearest) for p in inferred.errors] == [
        (
            'Unknown event/syscall "opne" in filter: evt.type in (open, opne, qqqqqqq) and proc.name=x',
            "f:2:2",
            "open",
        ),
        (
            'Unknown event/syscall "qqqqqqq" in filter: evt.type in (open, opne, qqqqqqq) and proc.name=x',
            "f:2:8",
            "",
        ),
    ]


def test_unknown_names_are_bounded():
    assert len(infer("evt.type in (" + ",".join(f"x{n}" for n in range(500)) + ")").errors) == 50


@pytest.mark.parametrize("text", ["proc.name=x\n", "proc.name != x and evt.type=open"])
def test_warning_begins_as_0_15_begins_it(text):
    warning = infer(text).warning
    assert warning is not None
    lines = evttypes.warning_text(warning).splitlines()
    assert re.findall(r"Rule ([^:]+): warning \(([^)]+)\):", lines[0]) == [("R", warning.code)]
    assert lines[1] == text.strip()
    assert all(line.startswith("         ") for line in lines[2:])
    assert warning.severity == "warning"


def test_ignored_names_are_those_0_15_drops():
    assert len(evttypes.IGNORED_EVENTS) == 59
    assert {"close", "read", "write", "futex", "access", "switch"} <= evttypes.IGNORED_EVENTS
    assert evttypes.IGNORED_EVENTS.isdisjoint({"open", "execve", "connect", "clone", "madvise"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("evt.type=close", 'Ignored event "close" in rule: R'),
        ("proc.name=x and not evt.type in (open, close)", 'Ignored event "close" in rule: R'),
        ("evt.type!=close", 'Ignored event "close" in rule: R'),
        ("syscall.type=gettid", 'Ignored syscall "gettid" in rule: R'),
        ("evt.type=gettid", None),
        ("evt.type='close'", None),
        ("proc.name=close", None),
    ],
)
def test_ignored_names_are_found_anywhere(text, message):
    assert [found for found, _ in ignored(text)] == ([message] if message else [])


def test_ignored_name_in_a_macro_is_shown_with_its_condition():
    assert ignored("evt.type in (open,\n close)", "macro", "CONDITION") == [
        ('Ignored event "close" in macro: CONDITION', "f:2:2")
    ]


def test_conditions_in_messages_are_one_bounded_line():
    assert evttypes.one_line(" a\n  b\t") == "a b"
    assert len(evttypes.one_line("x" * 5000)) == 1001
