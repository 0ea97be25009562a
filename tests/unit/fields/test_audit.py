from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from falco.fields import audit
from tests.unit.fields.reading import one, read_all

TS = 1_500_000_000_000_000_007


def value(name, document, argument=None):
    event: Any = SimpleNamespace(json=document, ts=TS)
    field = one(audit.FIELDS, name)
    if argument is None and field.extract is not None:
        return field.extract(event)
    assert field.bind is not None
    return field.bind(argument)(event)


def recorded(captures, name):
    return json.loads((captures / "k8s_audit" / name).read_text(encoding="utf-8"))


def test_a_privileged_pod(captures):
    event = recorded(captures, "create_nginx_pod_privileged_2nd_container.json")
    found = {name: value(f"ka.{name}", event) for name in ("verb", "target.resource", "req.container.privileged")}
    assert found == {"verb": "create", "target.resource": "pods", "req.container.privileged": "true"}
    assert value("ka.req.container.privileged", event, "0") == "false"
    assert value("ka.req.container.image", event) == "nginx"
    assert value("ka.response.code", event) == "201"
    assert value("ka.auth.decision", event) == "allow"


def test_a_mounted_path(captures):
    event = recorded(captures, "create_nginx_pod_sensitive_mount_2nd_container.json")
    assert [value("ka.req.volume.hostpath", event, glob) for glob in ("/etc", "/et*", "/usr")] == [
        "true",
        "true",
        "false",
    ]


def test_a_role(captures):
    event = recorded(captures, "create_cluster_role_wildcard_resources.json")
    assert value("ka.req.role.rules.resources", event) == '["*"] N/A'
    assert value("ka.req.role.rules.verbs", event, "1") == '["get"]'


def test_a_binding(captures):
    event = recorded(captures, "create_clusterrolebinding.json")
    assert value("ka.req.binding.role", event) == event["requestObject"]["roleRef"]["name"]
    name = event["requestObject"]["subjects"][0]["name"]
    assert value("ka.req.binding.subject.has_name", event, name) == "true"


def test_a_query_parameter(captures):
    event = recorded(captures, "attach_pod.json")
    assert value("ka.uri.param", event, "container") == "nginx1"
    assert value("ka.uri.param", event, "nothing") == "<NA>"


def test_what_the_event_lacks_reads_na():
    event: Any = SimpleNamespace(json={}, ts=TS)
    found = read_all(audit.FIELDS, event)
    assert {text for name, text in found.items() if name.startswith("ka.")} == {"<NA>"}


def test_any_value_and_the_whole():
    document = {"b": {"c": [1, 2]}, "a": "text"}
    assert value("jevt.value", document, "/a") == "text"
    assert value("jevt.value", document, "/b/c/1") == "2"
    assert value("jevt.value", document, "/b") == '{"c":[1,2]}'
    assert value("jevt.value", document, "/x") == "<NA>"
    assert value("jevt.obj", document) == '{"a":"text","b":{"c":[1,2]}}'


def test_times():
    assert value("jevt.rawtime", {}) == str(TS)
    assert value("jevt.time.iso8601", {}) == "2017-07-14T02:40:00.000000007+0000"
    assert str(value("jevt.time", {})).endswith(":00.000000007")


@pytest.mark.parametrize(
    ("name", "argument", "reason"),
    [
        ("jevt.value", None, "requires a JSON pointer"),
        ("jevt.value", "a", "not a JSON pointer"),
        ("ka.req.container.image", "x", "requires a numeric index"),
        ("ka.uri.param", None, "requires a key"),
        ("ka.req.volume.hostpath", "", "requires a key"),
    ],
)
def test_bad_arguments(name, argument, reason):
    bind = one(audit.FIELDS, name).bind
    assert bind is not None
    with pytest.raises(ValueError, match=reason):
        bind(argument)


def test_every_recorded_event_has_a_text_for_every_field(captures):
    lines = (captures / "k8s_audit" / "kube-apiserver-1.20.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert len(events) > 100
    for field in audit.FIELDS:
        argument = None if field.extract else "/verb" if field.name == "jevt.value" else "x"
        assert all(isinstance(value(field.name, event, argument), str) for event in events)
