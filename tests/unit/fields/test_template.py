from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from falco.errors import RulesError
from falco.fields.registry import AUDIT_FIELDS, SYSCALL_FIELDS
from falco.fields.template import compile_template
from falco.filter.source import verbatim
from falco.state.containers import Container, stub


@pytest.fixture
def event(event_of, process):
    process.args = ["/dev/null"]
    return event_of("SYSCALL_OPEN_X", 3, "/etc/passwd", "O_RDONLY|O_CLOEXEC", 0, fd=3)


def text(output, event):
    return compile_template(output, SYSCALL_FIELDS).text(event)


def problems(output, registry=SYSCALL_FIELDS, **place):
    with pytest.raises(RulesError) as caught:
        compile_template(output, registry, **place)
    return caught.value.problems


@pytest.mark.parametrize(
    ("output", "filled"),
    [
        ("", ""),
        ("no field", "no field"),
        ("*An open was seen (%proc.name)", "An open was seen (cat)"),
        ("%proc.name%proc.pid", "cat100"),
        ("command=%proc.cmdline cport=%fd.cport.", "command=cat /dev/null cport=<NA>."),
        ("%fd.name: %fd.num", "/etc/passwd: 3"),
        ("%proc.aname[0]/%proc.aname[1]/%proc.aname", "cat/<NA>/cat"),
        ("%evt.arg.name, %evt.arg[1], %evt.type.is.open.", "/etc/passwd, /etc/passwd, 1."),
        ("%evt.arg.flags|", "O_RDONLY|O_CLOEXEC|"),
        ("%evt.arg.nameless", "/etc/passwdless"),
        ("%proc.namespace", "catspace"),
        ("%proc.aname.", "cat."),
        ("%thread.cgroup.cpu/x", "<NA>/x"),
        ("%10proc.name|%2proc.name|%6fd.cport|%2fd.cport|", "cat       |ca|<NA>  |<N|"),
        ("%3evt.arg.name]", "/et]"),
        ("%user.uid%%proc.name", None),
    ],
)  # fmt: skip
def test_outputs_are_filled_in(event, output, filled):
    if filled is None:
        assert len(problems(output)) == 1
    else:
        assert text(output, event) == filled


def test_names_of_fds_are_printed_without_control_characters(event, process):
    process.fds[3].name, process.args = "/tmp/a\nb", ["a\nb"]
    assert text("%fd.name %proc.args", event) == "/tmp/ab a\nb"
    assert compile_template("%fd.name", SYSCALL_FIELDS).fields(event) == {"fd.name": "/tmp/ab"}


def test_fields_for_json(event):
    template = compile_template(
        "%20proc.name %proc.pid %fd.cport %fd.dev %fd.is_server %evt.time %evt.arg.name %proc.aname[0] %proc.pid",
        SYSCALL_FIELDS,
    )
    found = template.fields(event)
    assert found == {
        "evt.arg.name": "/etc/passwd",
        "evt.time": event.ts,
        "fd.cport": None,
        "fd.dev": "0",
        "fd.is_server": False,
        "proc.aname[0]": "cat",
        "proc.name": "cat",
        "proc.pid": 100,
    }
    assert list(found) == sorted(found)
    assert template.keys == tuple(found)


@pytest.mark.parametrize(
    ("output", "reason", "close"),
    [
        ("An open was seen %not_a_real_field", "invalid formatting token not_a_real_field", ""),
        ("%proc.nam is it", "invalid formatting token proc.nam", "proc.name"),
        ("50%", "invalid formatting syntax: formatting cannot end with a %", ""),
        ("a %20", "invalid formatting syntax: formatting cannot end with a number", ""),
        ("100% sure", "empty formatting token", ""),
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


def audit_event(document):
    event: Any = SimpleNamespace(json=document, ts=1_500_000_000_000_000_007)
    return event


def test_audit_outputs():
    event = audit_event({"verb": "get", "requestURI": "/x?a=1"})
    template = compile_template("verb=%ka.verb a=%ka.uri.param[a] user=%ka.user.name.", AUDIT_FIELDS)
    assert template.text(event) == "verb=get a=1 user=<NA>."
    assert template.fields(event) == {"ka.uri.param": "1", "ka.user.name": "<NA>", "ka.verb": "get"}


def test_values_of_audit_events_keep_their_pointers_as_keys():
    event = audit_event({"verb": "get", "user": {"username": "jane"}})
    template = compile_template("%jevt.value[/verb] %jevt.value[/user/username] %jevt.rawtime", AUDIT_FIELDS)
    assert template.fields(event) == {
        "jevt.rawtime": "1500000000000000007",
        "jevt.value[/user/username]": "jane",
        "jevt.value[/verb]": "get",
    }


@pytest.mark.parametrize("output", ["%ka.verbs", "%proc.name", "%ka.target.name.x"])
def test_names_of_audit_fields_must_end_where_they_end(output):
    (found,) = problems(output, AUDIT_FIELDS)
    assert f"unknown filtercheck field {output[1:]}" in found.message


NAMED = "%container.id %container.name %container.image.repository %container.privileged %container.type"


def test_what_is_unknown_of_a_container_is_told_as_such(event):
    event.thread.container_id = "c"
    template = compile_template(NAMED, SYSCALL_FIELDS)
    event.state.containers["c"] = stub("c", missing="docker: refused")
    assert template.text(event) == "c <NA> <NA> <NA> docker"
    fields = template.fields(event)
    assert fields["container.missing"] == "docker: refused" and fields["container.name"] is None
    event.state.containers["c"] = stub("c")
    assert template.fields(event)["container.missing"] == "the container's metadata has not come"
    event.state.containers["c"] = Container("c", 0, name="web")
    assert template.text(event) == "c web <NA> false docker" and "container.missing" not in template.fields(event)
    event.state.containers.clear()
    assert "container.missing" in template.fields(event)
    assert "container.missing" not in compile_template("%container.id", SYSCALL_FIELDS).fields(event)
    event.thread.container_id = ""
    assert "container.missing" not in template.fields(event)


def test_frozen_it_keeps_all_but_what_is_fetched(event):
    event.thread.container_id = "c"
    event.state.containers["c"] = stub("c")
    template = compile_template("%proc.name %fd.name %container.name %evt.time", SYSCALL_FIELDS)
    frozen = template.freeze(event)
    before = template.text(event)
    event.thread.comm, event.ts = "other", event.ts + 10**9
    event.state.containers["c"] = Container("c", 0, name="web")
    assert frozen.text(event) == before.replace("<NA>", "web") != template.text(event)
    assert frozen.fields(event)["proc.name"] == "cat" and frozen.fields(event)["container.name"] == "web"
    assert frozen.fetches and not compile_template("%proc.name", SYSCALL_FIELDS).fetches
