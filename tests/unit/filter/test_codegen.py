from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from falco.filter.ast import And, Node, Not, Or
from falco.filter.check import check
from falco.filter.codegen import Code, Compiler, compile_filter, shown
from falco.filter.fold import ANYTHING, Terms
from falco.filter.interpret import evaluate
from falco.filter.patterns import Glob, Networks, PathPrefixes
from tests.unit.filter.conditions import NETWORKS, REGISTRY, compare, comparison, conditions, event, events, rule_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from falco.events.event import Event


def compiled(rules: Sequence[Node], title: str = "") -> Code:
    terms = Terms()
    folded = ((i, terms.canonical(rule)) for i, rule in enumerate(rules))
    possible = [(i, ANYTHING if node is True else node) for i, node in folded if node is not False]
    return Compiler(terms).compile("match_1", title, possible)


def first(rules: Sequence[Node], event: Event) -> int:
    return next((i for i, rule in enumerate(rules) if evaluate(rule, event)), -1)


@given(conditions, events)
def test_a_compiled_filter_holds_exactly_when_the_interpreted_one_does(condition: Node, event: Event) -> None:
    assert compile_filter(condition)(event) is evaluate(condition, event)


@given(rule_sets(), events)
@settings(max_examples=120)
def test_the_first_rule_that_holds_is_found_and_no_field_read_twice(rules: Sequence[Node], event: Event) -> None:
    found = compiled(rules).match(event)
    assert max(event.reads.values(), default=0) <= 1  # type: ignore[attr-defined]
    assert found == first(rules, event)


def numbered(count: int) -> list[Node]:
    """Rules about names of their own that share a condition, none of which a step can settle."""
    shared = Or((compare("fd.num", ">", 2), compare("thread.cpu", "<", 0.5)))
    return [
        And((shared, compare("proc.name", "=", f"name{i % 50}"), compare("user.uid", ">", i))) for i in range(count)
    ]


def test_hundreds_of_rules_are_tried_in_order() -> None:
    rules = numbered(300)
    match = compiled(rules).match
    for name, uid, found in (("name7", 500, 7), ("name7", 7, -1), ("name7", 8, 7), ("name49", 300, 49), ("x", 9, -1)):
        assert match(event(proc_name=name, user_uid=uid, fd_num=3)) == found
    assert match(event(proc_name="name1", user_uid=9)) == -1


def test_a_shared_part_is_evaluated_once() -> None:
    asked: list[str] = []
    pattern = Glob("*x*")
    object.__setattr__(pattern, "match", asked.append)
    costly = compare("fd.name", "glob", pattern)
    rules = [And((Or((costly, compare("fd.num", "=", i))), compare("user.uid", ">", i))) for i in range(5)]
    assert compiled(rules).match(event(fd_name="y", fd_num=9, user_uid=9)) == -1
    assert asked == ["y"]


def test_nothing_is_read_that_the_answer_does_not_need() -> None:
    seen = event(proc_name="a", fd_num=3)
    rules: list[Node] = [And((compare("proc.name", "=", "b"), compare("fd.num", "=", 3)))]
    assert compiled(rules).match(seen) == -1
    assert seen.reads == {"proc.name": 1}  # type: ignore[attr-defined]


def test_rules_behind_one_that_always_matches_do_not_matter() -> None:
    code = compiled([compare("proc.name", "=", "a"), ANYTHING, compare("proc.name", "=", "b")])
    assert [code.match(event(proc_name=name)) for name in ("a", "b", None)] == [0, 1, 1]


def test_constant_filters_answer_without_an_event_being_read() -> None:
    never = compare("proc.name", "in", frozenset())
    assert compile_filter(never)(event()) is False
    assert compile_filter(Not(never))(event()) is True


@pytest.mark.parametrize("depth", [10, 60, 190])
def test_deep_nesting_compiles(depth: int) -> None:
    node: Node = compare("fd.num", "=", 7)
    for level in range(depth // 2):
        join = And if level % 2 else Or
        node = Not(join((node, compare("proc.name", "=", f"a{level % 7}"), compare("user.uid", "<", level % 5))))
    for number in (6, 7):
        seen = event(fd_num=number, proc_name="a3", user_uid=2)
        assert compile_filter(node)(seen) is evaluate(node, seen)
        rules = [And((compare("user.uid", "=", i), node)) for i in range(4)]
        assert compiled(rules).match(seen) == first(rules, seen)


def test_a_chain_of_thousands_compiles() -> None:
    chain = Or(tuple(And((compare("fd.num", ">", i), compare("fd.num", "<", i))) for i in range(5000)))
    assert compile_filter(chain)(event(fd_num=3)) is False


HOSTILE = ("'''\n\"\"\"", "\\", "#", "{x}", "%s", "\n    return 0\n", "é\udcff\0", "__import__('os').abort()")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_rules_reaches_code_as_constants_only(text: str) -> None:
    tests = [compare("proc.name", op, text) for op in ("=", "!=", "contains", "icontains", "startswith")]
    tests += [compare("fd.name", "glob", Glob(text)), compare("fd.name", "pmatch", PathPrefixes.of([text]))]
    bound = check(comparison("evt.arg", "=", "x", argument=text), REGISTRY)
    code = compiled([*tests, And((bound, compare("fd.num", "=", 1)))])
    assert code.match(event(proc_name=text)) == 0
    assert text not in code.text
    assert code.text.isascii()
    assert code.legend().isascii()
    assert all(line.startswith("# ") for line in code.legend().splitlines())


def test_the_text_depends_on_the_rules_alone() -> None:
    assert compiled(numbered(20)).text == compiled(numbered(20)).text


def test_constants_are_shown_in_order_and_in_ascii() -> None:
    assert shown(frozenset("ba")) == "{'a', 'b'}"
    assert shown(PathPrefixes.of(["/usr/é", "/bin"])) == r"below {'/bin', '/usr/\xe9'}"
    assert shown(Networks(frozenset(NETWORKS))) == "within {'10.0.0.0/8', '127.0.0.1/32', '2001::/64'}"
    assert shown((1, Glob("*é"))) == r"(1, like '*\xe9')"
    assert shown("é\n") == r"'\xe9\n'"


def test_an_exception_leads_to_the_rule() -> None:
    rules = [And((compare("proc.name", "=", "a"), compare("fd.num", ">", i))) for i in range(3)]
    code = compiled(rules, "open >")
    with pytest.raises(TypeError) as raised:
        code.match(event(proc_name="a", fd_num="no number"))
    assert code.mark_of(raised.value.__traceback__) == 0
    assert code.mark_of(None) is None
    assert "v_fd_num > c" in "".join(traceback.format_exception(raised.value))
    with pytest.raises(TypeError) as raised:
        code.match(event(proc_name=[]))
    assert code.mark_of(raised.value.__traceback__) == 0


def test_the_code_is_as_it_was(golden: Callable[[str, str], None]) -> None:
    shell = compare("proc.name", "in", frozenset(("bash", "sh")))
    write = And((compare("evt.failed", "=", False), compare("fd.num", ">=", 0)))
    either = Or((compare("fd.sport", "=", 80), compare("fd.name", "glob", Glob("*.sock"))))
    rules: list[Node] = [
        And((write, compare("fd.name", "startswith", "/etc/"), Not(shell))),
        And(
            (write, compare("fd.name", "pmatch", PathPrefixes.of(["/usr", "/bin"])), compare("proc.aname", "=", "sshd"))
        ),
        And((either, shell, compare("user.uid", "!=", 0))),
        And((either, compare("evt.buffer", "contains", b"GET"))),
        Not(Or((compare("fd.num", "=", 1), either))),
    ]
    code = compiled(rules, "read <")
    golden("code/rules.txt", code.text + code.legend())
