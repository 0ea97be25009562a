from __future__ import annotations

from typing import cast

import pytest

from falco.engine.bind import bind_rules
from falco.engine.failure import RuleFailure
from falco.fields.field import Field
from falco.fields.registry import AUDIT_FIELDS
from falco.filter.interpret import evaluate
from falco.filter.parser import parse
from falco.filter.source import verbatim
from falco.k8s_audit.event import AuditEvent
from falco.k8s_audit.ruleset import AuditRuleset
from tests.unit.engine.rules import rule

EVENTS = [
    {"verb": "create", "user": {"username": "jane"}},
    {"verb": "delete", "user": {"username": "system:x"}},
    {"verb": "", "stage": "<NA>"},
    {"user": {"username": 7, "groups": ["a", "b"]}},
    {},
]


def bound(*conditions):
    nodes = [parse(verbatim(condition, "rules.yaml")) for condition in conditions]
    found = bind_rules([rule(f"r{n}", node, "k8s_audit") for n, node in enumerate(nodes)], AUDIT_FIELDS, {})
    assert found.problems == ()
    return found.rules


def matched(ruleset, document):
    found = ruleset.match(AuditEvent(document, 0))
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("ka.verb=create", [True, False, False, False, False]),
        # What is not there is a text like any other, but for exists.
        ("ka.verb!=create", [False, True, True, True, True]),
        ("ka.verb=<NA>", [False, False, False, True, True]),
        ("ka.verb exists", [True, True, False, False, False]),
        ("ka.stage exists", [False] * 5),
        ("not ka.verb exists", [False, False, True, True, True]),
        ("ka.user.name startswith system", [False, True, False, False, False]),
        ("ka.user.name=7", [False, False, False, True, False]),
        ("ka.user.groups contains '\"b\"'", [False, False, False, True, False]),
        ("ka.verb in (create, delete)", [True, True, False, False, False]),
        ("not ka.verb in (create, delete)", [False, False, True, True, True]),
        ("jevt.value[/user/username]=jane", [True, False, False, False, False]),
        ("jevt.rawtime=0", [True] * 5),
        ("jevt.rawtime exists and jevt.obj startswith '{'", [True] * 5),
    ],
)
def test_comparisons(condition, expected):
    rules = bound(condition)
    ruleset = AuditRuleset(rules)
    assert [matched(ruleset, document) == "r0" for document in EVENTS] == expected
    plainly = [evaluate(rules[0].condition, cast("object", AuditEvent(d, 0))) for d in EVENTS]  # type: ignore[arg-type]
    assert plainly == expected


def test_the_first_rule_that_matches_wins():
    ruleset = AuditRuleset(bound("ka.verb=delete", "ka.verb exists", "jevt.rawtime exists", "ka.verb=create"))
    assert [matched(ruleset, document) for document in EVENTS] == ["r1", "r0", "r2", "r2", "r2"]


def test_without_rules_nothing_matches():
    ruleset = AuditRuleset(())
    assert (ruleset.any, ruleset.code_text(), matched(ruleset, {})) == (False, "", None)


def test_the_code_names_its_rules():
    assert "# 0: 'r0'\n" in AuditRuleset(bound("ka.verb=create")).code_text()


def test_a_failure_names_the_rule(monkeypatch):
    field = AUDIT_FIELDS.get("ka.verb")
    assert field is not None

    def broken(event):
        raise ZeroDivisionError("no")

    monkeypatch.setitem(AUDIT_FIELDS._by_name, "ka.verb", Field("ka.verb", field.type, "", broken, field.scope))
    ruleset = AuditRuleset(bound("ka.stage=x", "ka.verb=create"))
    with pytest.raises(RuleFailure, match='"r1" could not be evaluated on event 0: ZeroDivisionError'):
        ruleset.match(AuditEvent({}, 0))
