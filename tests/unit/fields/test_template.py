from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from falco.fields.registry import AUDIT_FIELDS, SYSCALL_FIELDS
from falco.fields.template_compiler import compile_template
from falco.state.containers import Container, stub


@pytest.fixture
def event(event_of, process):
    process.args = ["/dev/null"]
    return event_of("SYSCALL_OPEN_X", 3, "/etc/passwd", "O_RDONLY|O_CLOEXEC", 0, fd=3)


def text(output, event):
    return compile_template(output, SYSCALL_FIELDS).text(event)


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
    ],
)  # fmt: skip
def test_outputs_are_filled_in(event, output, filled):
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
