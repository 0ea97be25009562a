from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from falco.events.table import EVENT_TABLE
from falco.fields.field import VARIES, KernelPath, Many
from falco.filter import ast
from falco.filter.ast import And, Node, Not, Or
from falco.filter.codegen import compile_filter
from falco.filter.interpret import evaluate, holds
from falco.filter.patterns import Glob, PathPrefixes
from falco.filter.respell import by_any_name, names_of, path_constants, respelled
from tests.unit.filter.conditions import BOUND, PLACE, compare, event
from tests.unit.filter.paths import PATH_TEXTS, PATHS, path_conditions, path_events, path_test, path_tests, tables

RESOLVED = {"/var/run": "/run", "/bin": "/usr/bin", "/bin/sh": "/usr/bin/dash", "/odd": "/a[b", "/top": "/"}


def value(text: str | None, *, kernel: bool = True, file: tuple[int, int] | None = None):
    return event(fd_name=text, fd_kernel=kernel, fd_file=file)


@pytest.mark.parametrize(
    ("op", "operand", "matching", "other"),
    [
        ("=", "/bin/sh", "/usr/bin/dash", "/usr/bin/sh"),
        ("in", frozenset(("/bin", "/etc")), "/usr/bin", "/usr"),
        ("in", frozenset(("/bin", "/var/run")), "/run", "/usr"),
        ("startswith", "/var/run/", "/run/x", "/runner/x"),
        ("startswith", "/var/run/dock", "/run/docker.sock", "/run/x"),
        ("startswith", "/bin", "/usr/bin/ls", "/usr/sbin/ls"),
        ("startswith", "/top/etc", "/etc/passwd", "/usr"),
        ("pmatch", PathPrefixes.of(("/bin", "/srv")), "/usr/bin/ls", "/usr/sbin"),
        ("glob", Glob("/var/run/*.pid"), "/run/x.pid", "/run/x"),
        ("glob", Glob("/odd/x*"), "/a[b/xy", "/ab/xy"),
        ("glob", Glob("/bin/sh"), "/usr/bin/dash", "/usr/bin/sh"),
    ],
)
def test_kernel_paths_also_match_the_resolution(op, operand, matching, other):
    test = path_test("fd.name", op, operand)
    node = respelled(test, RESOLVED)
    assert evaluate(node, value(matching))
    assert not evaluate(node, value(other))
    assert not evaluate(node, value(matching, kernel=False))
    assert not evaluate(node, value(None))
    assert not evaluate(respelled(Not(test), RESOLVED), value(matching))
    assert evaluate(respelled(Not(test), RESOLVED), value(matching, kernel=False))


def test_a_kernel_path_must_differ_from_both():
    node = respelled(path_test("fd.name", "!=", "/bin/sh"), RESOLVED)
    wanted = {"/bin/sh": False, "/usr/bin/dash": False, "/x": True, None: False}
    assert {text: evaluate(node, value(text)) for text in wanted} == wanted
    assert evaluate(node, value("/usr/bin/dash", kernel=False))


@pytest.mark.parametrize(
    ("op", "operand"),
    [("contains", "/bin/sh"), ("icontains", "/bin"), ("endswith", "/bin/sh"), ("<", "/bin"), ("exists", None)],
)
def test_other_operators_stay_as_they_are(op, operand):
    test = path_test("fd.name", op, operand)
    assert respelled(test, RESOLVED) is test
    assert by_any_name(test, {}) is test
    assert not path_constants([test]).paths


def test_other_fields_stay_as_they_are():
    test = compare("proc.name", "=", "/bin/sh")
    assert respelled(test, RESOLVED) is test
    assert path_constants([test]) == path_constants([])


def test_conditions_without_another_resolution_stay_the_same_object():
    node = And(
        (Or((path_test("fd.name", "=", "/etc"), compare("proc.name", "=", "x"))), Not(compare("fd.num", "=", 1)))
    )
    assert respelled(node, RESOLVED) is node
    changed = respelled(And((node, path_test("fd.name", "=", "/bin"))), RESOLVED)
    assert isinstance(changed, And)
    assert changed.children[0] is node


def test_a_field_that_is_always_the_kernels_is_not_asked():
    field = dataclasses.replace(PATHS["fd.name"].field, kernel_path=KernelPath())
    bound = dataclasses.replace(PATHS["fd.name"], field=field)
    node = respelled(ast.Test(bound, "=", "/bin", PLACE), RESOLVED)
    assert evaluate(node, value("/usr/bin", kernel=False))


def test_what_is_beside_a_field_has_no_value_where_that_has_none():
    field = dataclasses.replace(PATHS["fd.name"].field, constant=lambda row: None if row.enter else VARIES)
    bound = dataclasses.replace(PATHS["fd.name"], field=field)
    hidden = names_of(bound, {})
    assert [hidden.field.fixed(EVENT_TABLE[code]) for code in (2, 3)] == [None, VARIES]


def test_which_paths_are_looked_up():
    nodes: list[Node] = [
        path_test("fd.name", "in", frozenset(("/a/b", "relative", ""))),
        Not(path_test("fd.name", "!=", "/c")),
        path_test("fd.name", "startswith", "/var/run/x"),
        path_test("fd.name", "startswith", "/"),
        path_test("fd.name", "startswith", "etc"),
        path_test("fd.name", "pmatch", PathPrefixes.of(("/p/q", "/"))),
        path_test("fd.name", "pmatch", PathPrefixes.of(("/r",))),
        path_test("fd.name", "glob", Glob("/g/h*/i")),
        path_test("fd.name", "glob", Glob("/*")),
        path_test("proc.exepath", "=", "/bin/sh"),
    ]
    found = path_constants(nodes)
    assert found.paths == {"/a/b", "/c", "/var/run/x", "/var/run", "/r", "/g", "/bin/sh"}
    assert found.files == {"/a/b", "/c", "/r"}


def test_a_file_has_the_names_that_rules_know_it_by():
    files = {(1, 2): ("/etc/shadow", "/real")}
    names = names_of(PATHS["fd.name"], files)
    assert names.many is Many.ENDS
    assert names.extract(value("/tmp/x", file=(1, 2))) == ("/tmp/x", "/etc/shadow", "/real")
    assert names.extract(value("/tmp/x", file=(1, 3))) == ("/tmp/x",)
    assert names.extract(value("/tmp/x")) == ("/tmp/x",)
    assert names.extract(value(None)) == ()


@pytest.mark.parametrize(
    ("op", "operand", "expected"),
    [
        ("=", "/etc/shadow", True),
        ("=", "/tmp/x", True),
        ("!=", "/etc/shadow", False),
        ("!=", "/tmp/x", False),
        ("!=", "/tmp/y", True),
        ("in", frozenset(("/etc/shadow", "/b")), True),
        ("startswith", "/etc/", True),
        ("pmatch", PathPrefixes.of(("/etc",)), True),
        ("glob", Glob("/etc/*"), True),
        ("contains", "shadow", False),
    ],
)
def test_a_file_by_any_name(op, operand, expected):
    files = {(1, 2): ("/etc/shadow",)}
    node = by_any_name(path_test("fd.name", op, operand), files)
    assert evaluate(node, value("/tmp/x", file=(1, 2))) is expected
    assert evaluate(node, value("/tmp/x")) is holds(path_test("fd.name", op, operand), "/tmp/x")


def test_names_are_read_when_the_event_comes():
    files: dict[tuple[int, int], tuple[str, ...]] = {}
    holds_for = compile_filter(by_any_name(path_test("fd.name", "=", "/etc/shadow"), files))
    assert not holds_for(value("/tmp/x", file=(1, 2)))
    files[1, 2] = ("/etc/shadow",)
    assert holds_for(value("/tmp/x", file=(1, 2)))


def test_only_fields_that_tell_of_files_have_more_names():
    test = path_test("proc.exepath", "=", "/etc/shadow")
    assert by_any_name(test, {(1, 2): ("/etc/shadow",)}) is test
    assert BOUND["fd.name"].field.kernel_path is None  # The fields of the other tests are no paths.


@given(path_conditions, st.lists(path_events, min_size=1, max_size=4), tables)
def test_compiled_and_interpreted_agree(node, seen, known):
    for changed in (respelled(node, known.resolved), by_any_name(respelled(node, known.resolved), known.files)):
        compiled = compile_filter(changed)
        assert [compiled(each) for each in seen] == [evaluate(changed, each) for each in seen]


@given(st.one_of(path_tests, path_tests.map(Not), path_conditions), path_events, tables)
@settings(max_examples=600)
def test_a_test_holds_if_any_of_spellings_and_names_satisfies_it(node, seen, known):
    """Against a plain account of what a path stands for, one test at a time."""

    def wanted(part: Node) -> bool:
        match part:
            case And(children):
                return all(map(wanted, children))
            case Or(children):
                return any(map(wanted, children))
            case Not(child):
                return not wanted(child)
            case ast.Test():
                return PATH_TEXTS.holds(part, seen, known)
            case _:
                raise AssertionError

    assert evaluate(by_any_name(respelled(node, known.resolved), known.files), seen) is wanted(node)
