from __future__ import annotations

import pytest

from falco.errors import RulesError
from falco.fields.registry import AUDIT_FIELDS, SYSCALL_FIELDS
from falco.fields.template_compiler import compile_template
from falco.filter.source import verbatim


def problems(output, registry=SYSCALL_FIELDS, **place):
    with pytest.raises(RulesError) as caught:
        compile_template(output, registry, **place)
    return caught.value.problems


@pytest.mark.parametrize(
    ("output", "reason", "close"),
    [
        ("An open was seen %not_a_real_field", "invalid formatting token not_a_real_field", ""),
        ("%proc.nam is it", "invalid formatting token proc.nam", "proc.name"),
        ("50%", "invalid formatting syntax: formatting cannot end with a %", ""),
        ("a %20", "invalid formatting syntax: formatting cannot end with a number", ""),
        ("100% sure", "empty formatting token", ""),
        ("%user.uid%%proc.name", "invalid formatting token %proc.name", "proc.name"),
        ("%%", "invalid formatting token %", ""),
        ("%fd.ip", "fd.ip is filter only and cannot be used as a display field", ""),
        ("%evt.arg of", "filter syntax error: evt.arg needs an argument", ""),
        ("%evt.arg.nonsense", "unknown event argument nonsense", ""),
        ("%container.mount[", "the bracket after container.mount is not closed", ""),
        ("%proc.aname[x]", "proc.aname[x]: the index is a number from 0 (the process itself) to 1024", ""),
        ("%99999999proc.name", "width 99999999 is larger than 65536", ""),
    ],
)  # fmt: skip
def test_bad_tokens(output, reason, close):
    found = problems(output)
    assert found[0].message == f"Invalid output format '{output}': '{reason}'"
    assert (found[0].nearest, found[0].code) == (close, "bad-output")


def test_all_bad_tokens_are_told_at_once_each_with_its_place():
    output = "*seen %proc.name by\n %proc.nam %usr.name"
    found = problems(output, written=verbatim(output, "r.yaml"), item='rule "x"')
    assert [str(problem.location) for problem in found] == ["r.yaml:2:2", "r.yaml:2:12"]
    assert {problem.snippet for problem in found} == {" %proc.nam %usr.name"}
    assert [problem.nearest for problem in found] == ["proc.name", "user.name"]
    assert [problem.width for problem in found] == [len("%proc.nam"), len("%usr.name")]
    assert {problem.item for problem in found} == {'rule "x"'}


@pytest.mark.parametrize("output", ["%ka.verbs", "%proc.name", "%ka.target.name.x"])
def test_names_of_audit_fields_must_end_where_they_end(output):
    (found,) = problems(output, AUDIT_FIELDS)
    assert f"unknown filtercheck field {output[1:]}" in found.message
