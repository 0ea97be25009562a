from __future__ import annotations

import pytest

from falco.engine.extra import Extra, apply, parse
from falco.filter.source import verbatim

CONTAINER = "container=%container.name (id=%container.id)"


@pytest.mark.parametrize(
    ("argument", "output", "result"),
    [
        (None, "a", "a"),
        (None, "a (%container.info)", "a (%container.name (id=%container.id))"),
        ("c", "a", f"a {CONTAINER}"),
        ("container", "%container.info a %container.info", f"{CONTAINER} a {CONTAINER}"),
        ("k", "a %container.info", "a k8s.ns=%k8s.ns.name k8s.pod=%k8s.pod.name container=%container.id"),
        ("mesos", "a", "a task=%mesos.task.name container=%container.id"),
        ("tid=%thread.tid", "a", "a tid=%thread.tid"),
        ("x", "a %container.info", "a %container.name (id=%container.id) x"),
        ("", "a", "a"),
    ],
)
def test_output_of_a_system_call_rule(argument, output, result):
    assert apply(verbatim(output, "f"), "syscall", parse(argument)).text == result


def test_audit_rules_are_left_alone():
    assert apply(verbatim("a %container.info", "f"), "k8s_audit", parse("c")).text == "a %container.info"


@pytest.mark.parametrize(
    ("argument", "word", "place"),
    [
        ("c", "%a", "f:1:1"),
        ("c", "%b", "f:2:3"),
        ("c", "%container.id", "-p:1:31"),
        ("tid=%thread.tid", "%thread.tid", "-p:1:5"),
    ],
)
def test_every_part_knows_where_it_was_written(argument, word, place):
    output = apply(verbatim("%a %container.info\n  %b", "f"), "syscall", parse(argument))
    start = output.text.index(word)
    assert str(output.place(start, start + len(word)).location) == place


def test_only_the_known_words_replace():
    assert [parse(word).replaces for word in ("c", "kubernetes", "m", "C", "")] == [True, True, True, False, False]
    assert parse(None) == Extra()
