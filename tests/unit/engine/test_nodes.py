from __future__ import annotations

import pytest
import yaml

from falco.engine.nodes import MAX_DEPTH, Builder, Mapping, NodeError, Sequence, problem_at
from falco.filter.scalar import Scalar
from falco.filter.source import SourceFile


@pytest.fixture
def builder():
    return Builder(SourceFile("f", "- &x a\n- {b: *x}\n- c\n"))


def feed(builder, text, count=100):
    for event in list(yaml.parse(text))[:count]:
        builder.take(event)


def test_nodes_know_their_places_and_an_alias_is_the_node_itself(builder):
    feed(builder, "- &x a\n- {b: *x}\n- c\n")
    (root,) = builder.roots
    assert isinstance(root, Sequence)
    first, second, third = root.items
    assert isinstance(second, Mapping)
    assert isinstance(third, Scalar)
    assert second.pairs[0][1] is first
    assert [str(node.place.location) for node in (second, third)] == ["f:2:3", "f:3:3"]


def test_an_item_that_has_not_ended_is_forgotten_and_reading_goes_on_elsewhere(builder):
    feed(builder, "- &x a\n- {b: *x}\n- c\n", 6)
    assert (builder.in_list, builder.in_item, builder.item) == (True, True, 9)
    builder.go_on_from(17)
    assert (builder.in_list, builder.in_item, builder.item) == (True, False, None)
    feed(builder, "- c\n- *x")
    first, second = builder.roots
    assert isinstance(first, Sequence)
    assert isinstance(second, Sequence)
    assert (len(first.items), second.items[1]) == (1, first.items[0])
    assert isinstance(second.items[0], Scalar)
    assert str(second.items[0].place.location) == "f:3:3"


def test_a_mapping_that_has_not_ended_is_forgotten(builder):
    feed(builder, "a: b\nc: d", 5)
    assert not builder.in_list
    builder.go_on_from(0)
    assert builder.roots == []


def test_an_alias_needs_its_anchor_in_the_same_document(builder):
    with pytest.raises(NodeError, match=r"alias \*x has no anchor before it") as caught:
        feed(builder, "- &x a\n---\n- *x\n")
    assert (caught.value.alias, caught.value.offset) == ("x", 13)


def test_depth_is_bounded(builder):
    feed(builder, "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(NodeError, match="nested more than"):
        feed(builder, "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_a_problem_has_all_of_its_place():
    place = SourceFile("f", "ab cd").place(3, 2)
    problem = problem_at(place, "m", code="c")
    assert (str(problem.location), problem.snippet, problem.width, problem.severity) == ("f:1:4", "ab cd", 2, "error")
