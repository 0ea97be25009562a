from __future__ import annotations

import pytest

from falco.engine.extra import Extra, apply, parse

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
    assert apply(output, "syscall", parse(argument)) == result


def test_audit_rules_are_left_alone():
    assert apply("a %container.info", "k8s_audit", parse("c")) == "a %container.info"


def test_only_the_known_words_replace():
    assert [parse(word).replaces for word in ("c", "kubernetes", "m", "C", "")] == [True, True, True, False, False]
    assert parse(None) == Extra()
