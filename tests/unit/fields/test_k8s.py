from __future__ import annotations

import pytest

from falco.fields import k8s
from falco.state.containers import Container, K8sObject
from tests.unit.fields.reading import one, read

POD = {
    "io.kubernetes.pod.name": "web-1",
    "io.kubernetes.pod.namespace": "shop",
    "io.kubernetes.pod.uid": "0b5e",
}
ADDRESS = bytes((10, 1, 2, 3))


def values(event):
    found = {field.name: field.extract(event) for field in k8s.FIELDS if field.extract is not None}
    return {name.removeprefix("k8s."): value for name, value in found.items() if value is not None}


@pytest.fixture
def event(event_of, process, state):
    process.container_id = "app"
    state.containers["app"] = Container("app", 7, labels={**POD, "maintainer": "of the image"})
    return event_of("SYSCALL_CHDIR_X", 0, "/")


def sandbox(**values):
    return Container("pause", 7, labels={**POD, "app": "web", "tier": "front", "annotation.x": "1"}, **values)


def test_the_labels_of_a_container_tell_its_pod(event):
    assert values(event) == {"pod.name": "web-1", "pod.id": "0b5e", "pod.uid": "0b5e", "ns.name": "shop"}


def test_the_labels_of_the_pod_are_those_of_its_sandbox(event, state):
    state.containers["pause"] = sandbox(is_pod_sandbox=True, ip=ADDRESS)
    found = values(event)
    assert found["pod.labels"] == "app:web, tier:front"
    assert (found["pod.ip"], found["pod.sandbox_id"]) == ("10.1.2.3", "pause")
    assert read(k8s.FIELDS, "k8s.pod.label", event, "app") == "web"
    assert read(k8s.FIELDS, "k8s.pod.label", event, "io.kubernetes.pod.name") is None
    assert read(k8s.FIELDS, "k8s.pod.label", event, "maintainer") is None


def test_another_pods_sandbox_does_not_count(event, state):
    other = {**POD, "io.kubernetes.pod.uid": "ffff", "app": "other"}
    state.containers["pause"] = Container("pause", 7, labels=other, is_pod_sandbox=True)
    assert "pod.labels" not in values(event)


def test_dockers_sandbox_is_known_by_its_label(event, state):
    labels = {**POD, "app": "web", "io.kubernetes.docker.type": "podsandbox"}
    state.containers["pause"] = Container("pause", 0, labels=labels)
    assert values(event)["pod.labels"] == "app:web"


def test_a_process_in_the_sandbox_itself(event, process, state):
    state.containers["pause"] = sandbox(is_pod_sandbox=True)
    process.container_id = "pause"
    assert values(event)["pod.labels"] == "app:web, tier:front"
    assert "pod.ip" not in values(event)


def test_outside_of_pods_there_are_no_values(event, state, process):
    state.containers["app"] = Container("app", 0)
    assert values(event) == {}
    process.container_id = ""
    assert values(event) == {}
    assert read(k8s.FIELDS, "k8s.pod.label", event, "app") is None


def test_what_only_the_api_knows_has_no_value(event):
    for name in ("rc", "svc", "ns", "rs", "deployment"):
        assert read(k8s.FIELDS, f"k8s.{name}.label", event, "app") is None
        assert read(k8s.FIELDS, f"k8s.{name}.id", event) is None


@pytest.mark.parametrize("key", [None, "", "a b", "a=b"])
def test_bad_keys(key):
    field = one(k8s.FIELDS, "k8s.pod.label")
    assert field.bind is not None
    with pytest.raises(ValueError, match="needs the label's key"):
        field.bind(key)


def test_what_a_pod_belongs_to(event, state):
    services = (K8sObject("web", "u1", {"a": "b"}), K8sObject("all", "u2", {"c": "d"}))
    state.containers["app"] = Container(
        "app", 7, labels=POD, k8s={"rs": (K8sObject("web-rs", "u3", {"x": "y"}),), "svc": services}
    )
    found = values(event)
    assert (found["rs.name"], found["rs.id"], found["rs.labels"]) == ("web-rs", "u3", "x:y")
    assert (found["svc.name"], found["svc.id"], found["svc.labels"]) == ("web, all", "u1, u2", "a:b, c:d")
    assert "rc.name" not in found and "deployment.name" not in found
    assert read(k8s.FIELDS, "k8s.svc.label", event, "c") == "d"
    assert read(k8s.FIELDS, "k8s.rs.label", event, "c") is None
