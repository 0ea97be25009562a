import dataclasses
import json

import pytest

from falco.events.decode import EventError
from falco.state.container_events import compose, parse
from falco.state.containers import Container, K8sObject, Mount, stub
from falco.state.threads import NO_ID

FULL = {
    "id": "3ad7b26ded6d",
    "type": 0,
    "name": "web",
    "image": "nginx:1.15",
    "imageid": "3a7",
    "imagerepo": "nginx",
    "imagetag": "1.15",
    "imagedigest": "sha256:1",
    "privileged": True,
    "is_pod_sandbox": True,
    "Mounts": [{"Source": "/a", "Destination": "/b", "Mode": "ro", "RW": False, "Propagation": "rprivate"}],
    "Healthcheck": {"Test": ["CMD", "/bin/check", "-x"]},
    "ip": "172.17.0.2",
    "port_mappings": [{"HostIp": 0, "HostPort": 80, "ContainerPort": 8080}],
    "labels": {"app": "x"},
    "env": ["A=1"],
    "memory_limit": 0,
}


def container_of(**row) -> Container:
    return parse(json.dumps({"container": {"id": "x", **row}}).encode() + b"\0")


def test_all_of_it():
    assert container_of(**FULL) == Container(
        "3ad7b26ded6d",
        0,
        name="web",
        image="nginx:1.15",
        image_id="3a7",
        repository="nginx",
        tag="1.15",
        digest="sha256:1",
        privileged=True,
        mounts=(Mount("/a", "/b", "ro", False, "rprivate"),),
        healthcheck=("/bin/check", "-x"),
        ip=bytes((172, 17, 0, 2)),
        labels={"app": "x"},
        env=("A=1",),
        is_pod_sandbox=True,
    )


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(set(FULL) - {"id"})], ids=["missing", "null"])
def test_keys_may_be_missing(empty):
    assert container_of(**empty) == Container("x", 0)


@pytest.mark.parametrize(
    ("test", "healthcheck"),
    [
        (["CMD", "/c", "a b"], ("/c", "a b")),
        (["CMD", '"/c"', "'a'"], ("/c", "a")),
        (["CMD", '"/c', "a'"], ('"/c', "a'")),
        (["CMD"], None),
        (["CMD-SHELL", '"x" || exit 1'], ("/bin/sh", "-c", '"x" || exit 1')),
        (["CMD-SHELL", '"x"'], ("/bin/sh", "-c", '"x"')),
        (["CMD-SHELL"], None),
        (["NONE"], ()),
        (["OTHER", "x"], None),
        ([], None),
        ("CMD", None),
    ],
)
def test_healthcheck(test, healthcheck):
    assert container_of(Healthcheck={"Test": test}).healthcheck == healthcheck


@pytest.mark.parametrize(
    ("text", "raw"),
    [("1.2.3.4", bytes((1, 2, 3, 4))), ("0.0.0.0", bytes(4)), ("1.2.3", b""), ("1.2.3.999", b""), ("x", b"")],
)
def test_ip(text, raw):
    assert container_of(ip=text).ip == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"container":{}}',
        b'{"container":[]}',
        b'{"container":{"id":"x","type":"x"}}',
        b"[" * 99999,
    ],
)
def test_other_json_is_an_error(raw):
    with pytest.raises(EventError, match="container event"):
        parse(raw)


@pytest.mark.parametrize("healthcheck", [None, (), ("/c", '"a"')])
def test_compose_reads_back_equal(healthcheck):
    whole = container_of(**FULL)
    made = Container("x", 1, name="é", mounts=whole.mounts, healthcheck=healthcheck, ip=whole.ip, labels=whole.labels)
    assert parse(compose(made)) == made
    placed = dataclasses.replace(made, k8s={"rs": (K8sObject("r", "u", {"a": "b"}),)})
    assert parse(compose(placed)) == placed
    assert json.loads(compose(whole)) == {"container": FULL}


def test_an_event_replaces_the_entry_and_has_a_thread_of_its_own(box):
    box.event("CONTAINER_JSON_E", tid=-1, json=json.dumps({"container": {"id": "x", "name": "one"}}))
    event = box.event("CONTAINER_JSON_E", tid=-1, json=json.dumps({"container": {"id": "x", "name": "two"}}))
    assert box.state.containers["x"].name == "two"
    thread = event.thread
    assert (thread.tid, thread.pid, thread.vtid, thread.vpid) == (-1, -1, -2, -2)
    assert (thread.comm, thread.exe, thread.args, thread.cwd) == ("container:x", "", [], "")
    assert (thread.uid, thread.loginuid, thread.container_id) == (0, NO_ID, "x")
    assert -1 not in box.state.threads
    assert not event.hidden


def test_the_large_form(box):
    text = json.dumps({"container": {"id": "x", "name": "n" * 70000}})
    box.event("CONTAINER_JSON_2_E", json=text)
    assert len(box.state.containers["x"].name) == 70000


def test_the_old_form_is_hidden(box):
    event = box.event("CONTAINER_E", id="x", type=1, name="web", image="img")
    assert box.state.containers["x"] == Container("x", 1, name="web", image="img")
    assert event.hidden
    assert event.thread.container_id == "x"


def test_why_nothing_is_known_reads_back():
    nothing = stub("x", missing="docker: refused")
    assert parse(compose(nothing)) == nothing and nothing.missing == "docker: refused"
    assert not container_of(**FULL).is_stub


def test_bytes_that_are_no_utf_8_read_back():
    odd = Container("x", 0, name="a\udcff")
    assert parse(compose(odd)).name == "a\udcff"


CONTAINERS = [
    Container("3ad7b26ded6d", 0, "web", "nginx:1", "sha", "nginx", "1", "sha256:x", privileged=True, ip=b"\n\0\0\5"),
    Container("a", 6, mounts=(Mount("/host", "/here", "rw", True, "rprivate"),), is_pod_sandbox=True),
    Container("b", 7, healthcheck=(), labels={"app": "web \udcff"}, env=("A=1", "B=")),
    Container("c", 0, healthcheck=("/bin/sh", "-c", "\"quoted\" and 'more'")),
    Container("d", 0, healthcheck=('"quoted"',)),
]


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: container.id)
def test_a_composed_container_event_reads_back_equal(container):
    assert parse(compose(container) + b"\0") == container


def test_what_no_field_reads_is_kept():
    row = {"id": "3ad7b26ded6d", "type": 0, "name": "web", "image": "nginx", "port_mappings": [{"HostPort": 80}]}
    text = json.dumps({"container": row}).encode()
    assert compose(parse(text + b"\0")) == text
