from __future__ import annotations

import pytest

from falco.fields import container_mounts
from falco.state.containers import Container, Mount
from tests.unit.fields.reading import one, read


def value(name, event, argument=None):
    return read(container_mounts.FIELDS, f"container.{name}", event, argument)


@pytest.fixture
def event(event_of, process, state):
    process.container_id = "c0ffee"
    mounts = (
        Mount("/etc/ssl", "/ssl", "ro", False, "rprivate"),
        Mount("/var/run/docker.sock", "/docker.sock", "", True, "shared"),
    )
    state.containers["c0ffee"] = Container("c0ffee", 0, mounts=mounts)
    return event_of("SYSCALL_CHDIR_X", 0, "/")


FIRST, SECOND = "/etc/ssl:/ssl:ro:false:rprivate", "/var/run/docker.sock:/docker.sock::true:shared"


def test_all_mounts(event):
    assert value("mounts", event) == f"{FIRST},{SECOND}"


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("0", FIRST),
        ("1", SECOND),
        ("2", None),
        ("/etc/ssl", FIRST),
        ("/var/*", SECOND),
        ("/*", FIRST),
        ("/etc/ss?", FIRST),
        ("/ssl", None),
        ("/etc", None),
    ],
)
def test_one_mount_by_index_or_source(event, argument, found):
    assert value("mount", event, argument) == found


def test_parts_of_a_mount(event):
    parts = ("dest", "mode", "rdwr", "propagation")
    assert [value(f"mount.{part}", event, "/etc/*") for part in parts] == ["/ssl", "ro", "false", "rprivate"]
    assert [value(f"mount.{part}", event, "1") for part in parts] == ["/docker.sock", "", "true", "shared"]


def test_the_source_is_found_by_destination(event):
    assert value("mount.source", event, "/docker.*") == "/var/run/docker.sock"
    assert value("mount.source", event, "/var/*") is None
    assert value("mount.source", event, "0") == "/etc/ssl"


def test_a_container_without_mounts_has_an_empty_list(event, state):
    state.containers["c0ffee"] = Container("c0ffee", 0)
    assert (value("mounts", event), value("mount", event, "/*")) == ("", None)


def test_the_host_has_no_mounts(event, process):
    process.container_id = ""
    assert [value("mounts", event), value("mount", event, "0"), value("mount.dest", event, "/*")] == [None] * 3


@pytest.mark.parametrize("argument", [None, ""])
def test_the_argument_is_needed(argument):
    field = one(container_mounts.FIELDS, "container.mount.mode")
    assert field.bind is not None
    with pytest.raises(ValueError, match="needs an index or a path"):
        field.bind(argument)
