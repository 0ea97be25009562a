from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.events.event import Event
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter import ast
from falco.filter.ast import And, Not, Or
from falco.filter.check import check
from falco.filter.freeze import freeze, relaxed
from falco.filter.interpret import evaluate
from falco.filter.parser import parse_condition
from falco.state.containers import Container
from falco.state.threads import ThreadInfo

FETCHED = 'container.name = "web"'
TRUE, FALSE = "proc.pid = 7", "proc.pid = 8"


def bound(condition):
    return check(parse_condition(condition, "x"), SYSCALL_FIELDS)


@pytest.fixture
def event():
    thread = ThreadInfo(7, 7)
    thread.container_id = "c"
    return SimpleNamespace(thread=thread, state=SimpleNamespace(containers={}, fetching={"c": 0}))


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (TRUE, True),
        (FALSE, False),
        (f"not {FALSE}", True),
        (FETCHED, FETCHED),
        (f"{TRUE} and {FETCHED}", FETCHED),
        (f"{FETCHED} and {FALSE}", False),
        (f"{FETCHED} or {TRUE}", True),
        (f"{FALSE} or {FETCHED}", FETCHED),
        (f"not ({FETCHED} or {FALSE})", f"not {FETCHED}"),
        (f"({FETCHED} or {TRUE}) and not {FALSE}", True),
        ("container.id = c", True),
        ("container.id = d and container.name exists", False),
        (f"{FETCHED} and container.image = x", f"{FETCHED} and container.image = x"),
        (
            "k8s.pod.name = x and container.mount.dest[/x] exists",
            "k8s.pod.name = x and container.mount.dest[/x] exists",
        ),
    ],
)
def test_what_remains(event, condition, left):
    found = freeze(bound(condition), event)
    assert found is left if isinstance(left, bool) else plain(found) == plain(bound(left))


def plain(node):
    match node:
        case ast.Test():
            return node.field.key, node.op, node.operand
        case Not(child):
            return "not", plain(child)
        case And(children) | Or(children):
            return type(node).__name__, tuple(map(plain, children))


terms = st.sampled_from((TRUE, FALSE, FETCHED, "container.image.tag exists", "container.privileged = true"))
conditions = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} and {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} or {pair[1]})"),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=8,
)


@given(conditions, st.sampled_from((None, Container("c", 0), Container("c", 0, name="web", tag="1", privileged=True))))
def test_the_answer_decides_what_it_would_have_decided_at_once(condition, container):
    thread = ThreadInfo(7, 7)
    thread.container_id = "c"
    state = SimpleNamespace(containers={})
    event = cast(Event, SimpleNamespace(thread=thread, state=state))
    node = bound(condition)
    left = freeze(node, event)
    may = relaxed(node)
    assert left is False or (may if isinstance(may, bool) else evaluate(may, event))
    if container is not None:
        state.containers["c"] = container
    assert (left if isinstance(left, bool) else evaluate(left, event)) is evaluate(node, event)


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (TRUE, TRUE),
        (FETCHED, True),
        (f"not {FETCHED}", True),
        (f"{TRUE} and {FETCHED}", TRUE),
        (f"{TRUE} and not ({FETCHED} or {FALSE})", f"{TRUE} and not {FALSE}"),
        (f"{TRUE} or {FETCHED}", True),
        (f"not ({TRUE} and {FETCHED})", True),
        (f"not ({TRUE} or {FETCHED})", f"not {TRUE}"),
    ],
)
def test_what_has_to_hold_whatever_the_answer(condition, left):
    found = relaxed(bound(condition))
    assert found is left if isinstance(left, bool) else plain(found) == plain(bound(left))
