from __future__ import annotations

import pytest

from falco.fields import container
from falco.state.containers import Container, stub
from tests.unit.fields.reading import read_all


def values(event):
    found = read_all(container.FIELDS, event)
    return {name.removeprefix("container."): value for name, value in found.items() if value is not None}


@pytest.fixture
def event(event_of, process):
    process.container_id = "c0ffee"
    return event_of("SYSCALL_CHDIR_X", 0, "/")


def test_a_container(event, state):
    state.containers["c0ffee"] = Container(
        "c0ffee",
        7,
        "web",
        "nginx:1.17",
        "beef",
        "nginx",
        "1.17",
        "sha256:1",
        privileged=True,
        healthcheck=("curl", "-f", "localhost"),
        ip=bytes((172, 17, 0, 2)),
    )
    assert values(event) == {
        "id": "c0ffee",
        "name": "web",
        "image": "nginx:1.17",
        "image.id": "beef",
        "type": "containerd",
        "privileged": True,
        "image.repository": "nginx",
        "image.tag": "1.17",
        "image.digest": "sha256:1",
        "healthcheck": "curl -f localhost",
        "ip": "172.17.0.2",
    }


def test_the_host(event, process):
    process.container_id = ""
    assert values(event) == {"id": "host", "name": "host", "type": "host"}


def test_a_container_of_which_nothing_else_is_known(event):
    assert values(event) == {"id": "c0ffee"}


def test_metadata_that_is_not_there_yet(event, state):
    state.containers["c0ffee"] = stub("c0ffee")
    found = values(event)
    names = ("name", "image", "image.id", "image.repository", "image.tag", "image.digest")
    assert {found[name] for name in names} == {"incomplete"}
    assert (found["type"], found["privileged"]) == ("docker", False)
    assert found["healthcheck"] == "NONE"


def test_empty_texts_are_no_values_and_lxc_does_not_tell_of_privileges(event, state):
    state.containers["c0ffee"] = Container("c0ffee", 1, ip=bytes(4))
    assert values(event) == {"id": "c0ffee", "type": "lxc", "healthcheck": "NONE"}


def test_a_health_check_that_is_switched_off(event, state):
    state.containers["c0ffee"] = Container("c0ffee", 0, healthcheck=())
    assert values(event)["healthcheck"] == "NONE"


def test_no_thread_no_value(event):
    event.thread = None
    assert values(event) == {}
