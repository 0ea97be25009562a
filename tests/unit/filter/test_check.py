from __future__ import annotations

import pytest

from falco.errors import RulesError
from falco.events.types import ParamType as T
from falco.fields.field import Argument, Field, Many, Registry
from falco.filter import ast
from falco.filter.ast import OPERATORS, And, Node, Not, Or
from falco.filter.check import MAX_DEPTH, Checker, check
from falco.filter.interpret import evaluate
from falco.filter.patterns import Glob, Network, Networks, PathPrefixes
from falco.filter.values import Kind
from tests.unit.filter.conditions import PLACE, REGISTRY, comparison, event, field, reader


def bound(*parts: str, registry: Registry = REGISTRY) -> Node:
    return check(comparison(*parts), registry)


def operand(*parts: str) -> tuple[str, object]:
    test = bound(*parts)
    assert isinstance(test, ast.Test)
    return test.op, test.operand


def problem(*parts: str, registry: Registry = REGISTRY, argument: str | None = None) -> tuple[str, str]:
    """Message and nearest name of the only problem of a comparison."""
    with pytest.raises(RulesError) as raised:
        check(comparison(*parts, argument=argument), registry)
    (found,) = raised.value.problems
    assert found.location == PLACE.location
    assert found.snippet == PLACE.snippet
    return found.message, found.nearest


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("proc.name", "=", "cat"), ("=", "cat")),
        (("proc.name", "==", "cat"), ("=", "cat")),
        (("proc.name", "in", "cat"), ("=", "cat")),
        (("proc.name", "in", "cat", "ls", "cat"), ("in", frozenset(("cat", "ls")))),
        (("proc.name", "in"), ("in", frozenset())),
        (("proc.name", "exists"), ("exists", None)),
        (("proc.name", "glob", "c*"), ("glob", Glob("c*"))),
        (("fd.name", "pmatch", "/etc", "/etc/ssh/"), ("pmatch", PathPrefixes.of(["/etc"]))),
        (("fd.num", ">=", "3"), (">=", 3)),
        (("fd.num", "pmatch", "3", "4"), ("in", frozenset((3, 4)))),
        (("evt.failed", "=", "false"), ("=", False)),
        (("fd.sport", "in", "ssh", "80"), ("in", frozenset((22, 80)))),
        (("evt.buffer", "contains", "é"), ("contains", b"\xc3\xa9")),
        (("fd.snet", "=", "10.0.0.0/8"), ("in", Networks(frozenset((Network(4, 0x0A000000, 0xFF000000),))))),
    ],
)
def test_operands_have_their_final_types(parts: tuple[str, ...], expected: tuple[str, object]) -> None:
    assert operand(*parts) == expected


def test_outside_a_network_is_a_value_that_is_not_in_it() -> None:
    condition = bound("fd.snet", "!=", "10.0.0.0/8")
    assert not evaluate(condition, event())
    assert not evaluate(condition, event(fd_snet=b"\x0a\0\0\1"))
    assert evaluate(condition, event(fd_snet=b"\x0b\0\0\1"))
    assert evaluate(condition, event(fd_snet=b"\0" * 16))


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("proc.name", set()),
        ("fd.num", {"contains", "icontains", "startswith", "endswith", "glob"}),
        ("evt.failed", {"contains", "icontains", "startswith", "endswith", "glob"}),
        ("thread.cpu", {"contains", "icontains", "startswith", "endswith", "glob"}),
        ("evt.buffer", {"<", "<=", ">", ">=", "icontains", "glob"}),
        ("fd.sip", {"contains", "icontains", "startswith", "endswith", "glob"}),
        ("fd.snet", {"<", "<=", ">", ">=", "contains", "icontains", "startswith", "endswith", "glob"}),
    ],
)
def test_operators_that_end_in_an_exception_of_0_15_are_refused(name: str, refused: set[str]) -> None:
    value = {"evt.failed": "true", "fd.sip": "10.0.0.1", "fd.snet": "10.0.0.0/8"}.get(name, "1")
    found = set()
    for op in OPERATORS:
        try:
            check(comparison(name, op, *(() if op == "exists" else (value,))), REGISTRY)
        except RulesError as error:
            assert error.problems[0].message == f"'{op}' is not supported for {name}"
            assert "exists" in error.problems[0].expected
            found.add(op)
    assert found == refused


@pytest.mark.parametrize(
    ("parts", "message", "close"),
    [
        (("proc.nam", "=", "a"), "unknown filter proc.nam", "proc.name"),
        (("evt.argument.x", "=", "a"), "unknown filter evt.argument.x", "evt.arg"),
        (("proc.name.x", "=", "a"), "unknown filter proc.name.x", "proc.name"),
        (("evt.arg", "=", "a"), "unknown filter evt.arg", ""),
        (("fd.num", "=", "a"), "a is not a valid number", ""),
    ],
)
def test_mistakes_are_told_with_their_place(parts: tuple[str, ...], message: str, close: str) -> None:
    assert problem(*parts) == (message, close)


def refuse(argument: str | None) -> None:
    raise ValueError(f"{argument} will not do")


def test_what_a_field_says_against_its_argument_or_value_is_told() -> None:
    registry = Registry(
        "syscall",
        (
            Field("evt.rawarg", T.UINT32, "", argument=Argument.REQUIRED, bind=refuse),  # type: ignore[arg-type]
            field("evt.type", T.CHARBUF, parse=refuse),
        ),
    )
    assert problem("evt.rawarg.x", "=", "1", registry=registry) == ("x will not do", "")
    assert problem("evt.type", "=", "opn", registry=registry) == ("opn will not do", "")


def test_types_that_cannot_be_compared_are_refused_and_addresses_of_calls_never_match() -> None:
    registry = Registry("syscall", (field("evt.tuple", T.SOCKTUPLE), field("evt.addr", T.SOCKADDR)))
    assert problem("evt.tuple", "=", "x", registry=registry)[0] == "wrong parameter type 13 of evt.tuple"
    for op in ("=", "!=", "contains", "<", "pmatch"):
        assert not evaluate(bound("evt.addr", op, "x", registry=registry), event(evt_addr=object()))
    assert evaluate(bound("evt.addr", "exists", registry=registry), event(evt_addr=object()))


def test_a_word_that_stands_for_several_values_holds_for_any() -> None:
    registry = Registry(
        "syscall",
        (
            field("fd.sip.name", T.CHARBUF, compared=reader("address"), parse=lambda name: tuple(map(int, name))),
            field("fd.ip.name", T.CHARBUF, parse=lambda name: tuple(map(int, name)), many=Many.ENDS),
        ),
    )
    same, other = (bound("fd.sip.name", op, "12", registry=registry) for op in ("=", "!="))
    for address, expected in ((1, (True, False)), (2, (True, False)), (3, (False, True)), (None, (False, False))):
        seen = event(address=address)
        assert (evaluate(same, seen), evaluate(other, seen)) == expected
    assert not evaluate(bound("fd.sip.name", "=", "", registry=registry), event(address=1))
    outside = bound("fd.ip.name", "!=", "12", registry=registry)
    assert not evaluate(outside, event(fd_ip_name=(1, 3)))
    assert evaluate(outside, event(fd_ip_name=(3, 4)))


def test_equality_may_stand_for_another_operator() -> None:
    registry = Registry("syscall", (field("evt.around", T.UINT64, equality="<=", operators=frozenset(("=",))),))
    condition = bound("evt.around", "=", "5", registry=registry)
    assert isinstance(condition, ast.Test)
    assert (condition.op, condition.operand) == ("<=", 5)
    assert problem("evt.around", "!=", "5", registry=registry)[0] == "'!=' is not supported for evt.around"


def test_only_version_4_addresses_are_ordered() -> None:
    assert operand("fd.sip", "<", "10.0.0.1") == ("<", b"\x0a\0\0\1")
    assert problem("fd.sip", "<", "::1")[0] == "only IPv4 addresses are ordered"


def test_audit_fields_exist_when_they_are_neither_empty_nor_na() -> None:
    registry = Registry("k8s_audit", (field("ka.verb", T.CHARBUF),))
    exists = bound("ka.verb", "exists", registry=registry)
    assert [evaluate(exists, event(ka_verb=value)) for value in ("get", "", "<NA>")] == [True, False, False]
    assert evaluate(bound("ka.verb", "!=", "get", registry=registry), event(ka_verb="<NA>"))
    for op in ("<", "glob", "endswith", "icontains", "pmatch"):
        assert problem("ka.verb", op, "x", registry=registry)[0] == f"'{op}' is not supported for ka.verb"


def test_all_mistakes_are_found_and_those_of_a_shared_comparison_each_time() -> None:
    wrong = comparison("fd.num", "in", "a", "1", "b")
    checker = Checker(REGISTRY)
    assert checker.check(And((wrong, Or((comparison("no.field", "=", "x"), comparison("fd.num", "=", "1")))))) is None
    assert [each.message for each in checker.problems] == [
        "a is not a valid number",
        "b is not a valid number",
        "unknown filter no.field",
    ]
    assert checker.problems[0].expected == (Kind.INTEGER.value,)
    checker.problems = []
    assert checker.check(Not(wrong)) is None
    assert len(checker.problems) == 2


def test_a_condition_that_is_nested_too_deeply_is_told() -> None:
    node: Node = comparison("fd.num", "=", "1")
    for _ in range(MAX_DEPTH - 1):
        node = Not(node)
    assert check(node, REGISTRY)
    with pytest.raises(RulesError, match="nested more than 200 levels"):
        check(And((Not(node),)), REGISTRY)
