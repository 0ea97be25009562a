"""Containers of real engines, and what Falco says of them and of those who attack from them.

An engine that is missing is a failure: setup installs all of them.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest

from tests.live.delaying import Delaying
from tests.live.engines import IMAGE, REPOSITORY, TAG, Engines
from tests.live.product import DEFAULT_RULES, Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

FIELDS = (
    *("container.id", "container.name", "container.type", "container.image", "container.image.id"),
    *("container.image.repository", "container.image.tag", "container.image.digest", "container.privileged"),
    *("container.mounts", "k8s.pod.name", "k8s.ns.name", "k8s.pod.id", "k8s.pod.labels"),
)
RULES = f"""
- rule: First program
  desc: The first program of a container of the test's image.
  condition: evt.type=execve and evt.dir=< and proc.name=sleep and container.image.repository={REPOSITORY}
  output: "%proc.cmdline {" ".join("%" + field for field in FIELDS)} %k8s.pod.label.app"
  priority: INFO

- rule: Program without metadata
  desc: A program in a container of which nothing is known.
  condition: evt.type=execve and evt.dir=< and proc.name=sleep and container.image.repository=incomplete
  output: "%proc.cmdline %container.id %container.name"
  priority: INFO
"""
ODD = 'ü "quoted" \\ {{x}} %s\t;'
UID = "0c2b1a30-1111-4222-8333-444455556666"


@pytest.fixture(scope="module")
def engines():
    with Engines() as engines:
        yield engines


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("falco")
    (folder / "rules.yaml").write_text(RULES)
    return folder


@pytest.fixture(scope="module")
def falco(engines, folder):
    """With rules that print metadata; events wait for as long as a busy machine needs."""
    with Product(folder / "run", [folder / "rules.yaml"], config=engines.config(wait_ms=8000)) as falco:
        yield falco


@pytest.fixture(scope="module")
def defended(engines, folder):
    """With the shipped rules."""
    with Product(folder / "defended", [DEFAULT_RULES], config=engines.config(wait_ms=8000)) as falco:
        yield falco


def seconds():
    """A number of seconds to sleep that nothing else sleeps."""
    return f"0.{uuid.uuid4().int % 10**12:012}"


def first(falco, sleeping):
    """The fields of the alert on a container's first program."""
    (alert,) = falco.wait_for_alerts(1, "First program", f"sleep {sleeping} ")
    return alert["output_fields"]


def test_docker(engines, falco, tmp_path):
    sleeping = seconds()
    identity = engines.docker.run(
        "-d", "--name", "we.b_1-2", "--label", f"odd={ODD}", "-v", f"{tmp_path}:/in side:ro", IMAGE, "sleep", sleeping
    )
    fields = first(falco, sleeping)
    assert (fields["container.id"], fields["container.name"], fields["container.type"]) == (
        identity[:12], "we.b_1-2", "docker",
    )  # fmt: skip
    assert (fields["container.image"], fields["container.image.repository"], fields["container.image.tag"]) == (
        IMAGE, REPOSITORY, TAG,
    )  # fmt: skip
    assert fields["container.image.id"] == engines.docker.do("inspect", "-f", "{{.Id}}", IMAGE).removeprefix("sha256:")
    assert fields["container.privileged"] is False and fields["k8s.pod.name"] is None
    assert fields["container.mounts"] == f"{tmp_path}:/in side:ro:false:rprivate"
    assert "container.missing" not in fields


def test_podman(engines, falco, tmp_path):
    sleeping = seconds()
    identity = engines.podman.run(
        "-d", "--name", "p_1", "--privileged", "--label", f"odd={ODD}", "-v", f"{tmp_path}:/inside:ro", IMAGE,
        "sleep", sleeping,
    )  # fmt: skip
    fields = first(falco, sleeping)
    assert (fields["container.id"], fields["container.name"], fields["container.type"]) == (
        identity[:12], "p_1", "podman",
    )  # fmt: skip
    digest = engines.podman.do("inspect", "-t", "image", "-f", "{{.Digest}}", IMAGE)
    assert (fields["container.image.repository"], fields["container.image.tag"]) == (REPOSITORY, TAG)
    assert digest.startswith("sha256:") and fields["container.image.digest"] == digest
    assert fields["container.privileged"] is True
    assert fields["container.mounts"].startswith(f"{tmp_path}:/inside:")


def test_containerd_by_the_cri(engines, falco, tmp_path):
    sleeping = seconds()
    labels = {"app": "shop", "odd/key": ODD}
    sandbox = engines.containerd.sandbox("pod-ü", UID, "name-space", labels)
    of_pod = {
        f"io.kubernetes.pod.{key}": value
        for key, value in (("name", "pod-ü"), ("uid", UID), ("namespace", "name-space"))
    }
    made = engines.containerd.container(sandbox, 'mäin "1"', ["sleep", sleeping], of_pod, {"/inside": str(tmp_path)})
    fields = first(falco, sleeping)
    assert (fields["container.id"], fields["container.name"], fields["container.type"]) == (
        made[:12], 'mäin "1"', "containerd",
    )  # fmt: skip
    assert (fields["container.image.repository"], fields["container.image.tag"]) == (REPOSITORY, TAG)
    assert fields["container.image.digest"] == engines.containerd.digest
    assert fields["container.privileged"] is False
    assert fields["container.mounts"] == f"{tmp_path}:/inside::false:private"
    assert (fields["k8s.pod.name"], fields["k8s.ns.name"], fields["k8s.pod.id"]) == ("pod-ü", "name-space", UID)
    assert fields["k8s.pod.label.app"] == "shop" and "app:shop" in fields["k8s.pod.labels"]
    assert ODD in fields["k8s.pod.labels"]
    engines.containerd.remove(sandbox)


def test_a_container_that_was_there_is_known(engines, tmp_path):
    identity = engines.docker.run("-d", "--name", "before", IMAGE)
    (tmp_path / "rules.yaml").write_text(RULES)
    with Product(tmp_path / "run", [tmp_path / "rules.yaml"], config=engines.config(wait_ms=8000)) as falco:
        sleeping = seconds()
        engines.docker.do("exec", identity, "sleep", sleeping)
        assert first(falco, sleeping)["container.name"] == "before"
        engines.docker.do("rename", "before", "after")
        deadline = time.monotonic() + 10
        name = ""
        while name != "after" and time.monotonic() < deadline:
            sleeping = seconds()
            engines.docker.do("exec", identity, "sleep", sleeping)
            name = first(falco, sleeping)["container.name"]
        assert name == "after"
        engines.docker.do("restart", "-t", "0", identity)
        sleeping = seconds()
        engines.docker.do("exec", identity, "sleep", sleeping)
        assert first(falco, sleeping)["container.name"] == "after"
        assert falco.stop() == 0
    engines.docker.do("rm", "-f", identity)


def told(falco, rule, identity):
    return falco.alerts(rule, identity[:12])


def test_terminal_shell(engines, defended):
    with_terminal = engines.docker.run("-d", "-t", IMAGE, "sh", "-c", "true")
    without = engines.docker.run("-d", IMAGE, "sh", "-c", "true")
    defended.wait_for(lambda: told(defended, "Terminal shell in container", with_terminal))
    defended.catch_up()
    assert told(defended, "Terminal shell in container", without) == []


def test_privileged(engines, defended):
    privileged = engines.podman.run("-d", "--privileged", IMAGE, "sleep", "1")
    ordinary = engines.podman.run("-d", IMAGE, "sleep", "1")
    defended.wait_for(lambda: told(defended, "Launch Privileged Container", privileged))
    time.sleep(1)
    defended.catch_up()
    (alert,) = told(defended, "Launch Privileged Container", privileged)  # One start, one alert.
    assert "command=sleep 1 " in alert["output"]
    assert told(defended, "Launch Privileged Container", ordinary) == []


def test_sensitive_mount(engines, defended, tmp_path):
    sensitive = engines.docker.run("-d", "-v", "/etc:/host/etc:ro", IMAGE, "sleep", "1")
    harmless = engines.docker.run("-d", "-v", f"{tmp_path}:/etc/inside:ro", IMAGE, "sleep", "1")
    defended.wait_for(lambda: told(defended, "Launch Sensitive Mount Container", sensitive))
    time.sleep(1)
    defended.catch_up()
    assert len(told(defended, "Launch Sensitive Mount Container", sensitive)) == 1
    assert told(defended, "Launch Sensitive Mount Container", harmless) == []


def test_package_management(engines, defended):
    manager = engines.docker.run("-d", IMAGE, "dpkg", "--version")
    other = engines.docker.run("-d", IMAGE, "ls", "--version")
    rule = "Launch Package Management Process in Container"
    defended.wait_for(lambda: told(defended, rule, manager))
    defended.catch_up()
    assert REPOSITORY in told(defended, rule, manager)[0]["output"] and told(defended, rule, other) == []


def test_shells_from_outside(engines, defended):
    """Each has a parent: the program that put it there ends at just that time, as often before it begins as after."""
    identity = engines.docker.run("-d", IMAGE)
    engines.docker.do("exec", identity, "ls", "-c")
    for n in range(12):
        engines.docker.do("exec", identity, "sh", "-c", f": {n}")
    rule = "Shell Run in Container from Outside"
    defended.wait_for(lambda: told(defended, rule, identity))
    defended.catch_up()
    outputs = [alert["output"] for alert in told(defended, rule, identity)]
    assert [f"command=sh -c : {n} " in output for n, output in enumerate(outputs)] == [True] * 12
    assert all(REPOSITORY in output for output in outputs)
    engines.docker.do("rm", "-f", identity)


def test_its_own_asking_is_no_alert(defended, folder):
    defended.catch_up()
    assert defended.alerts("Container Engine Socket Used", str(folder)) == []


def test_an_engine_that_hangs_is_told_and_stops_nothing(engines, falco):
    engines.docker.pause()
    try:
        sleeping = seconds()
        identity = engines.podman.run("-d", IMAGE, "sleep", sleeping)
        start = time.monotonic()
        falco.catch_up()
        assert time.monotonic() - start < 20
        assert first(falco, sleeping)["container.id"] == identity[:12]
    finally:
        engines.docker.go_on()


def test_an_engine_that_answers_after_two_seconds(engines, folder, tmp_path):
    late = engines.docker.folder / "late"
    config = engines.config(docker=late)
    with (
        Delaying(late, engines.docker.socket, 2.0),
        Product(tmp_path / "run", [folder / "rules.yaml"], config=config) as falco,
    ):
        early, later = f"60{seconds()[1:]}", seconds()
        identity = engines.docker.run("-d", IMAGE, "sleep", early)
        (alert,) = falco.wait_for_alerts(1, text=f"sleep {early} ")
        # Nothing is asked for a while about one that nothing was found out about.
        falco.wait_for(
            lambda: engines.docker.do("exec", identity, "sleep", later) or falco.alerts("First program", later)
        )
        known, *_ = falco.wait_for_alerts(1, "First program", f"sleep {later} ")
        assert known["output_fields"]["container.id"] == identity[:12]
        if alert["rule"] == "Program without metadata":
            assert alert["output_fields"]["container.missing"] and alert["output_fields"]["container.name"] is None
            falco.wait_for(lambda: falco.said(r"[1-9]\d* events decided without the metadata that they had waited for"))
        assert len(falco.alerts(text=f"sleep {early} ")) == 1
    engines.docker.do("rm", "-f", identity)
    late.unlink()


def test_three_hundred_short_lived_containers(engines, falco):
    for _ in range(40):
        engines.docker.run("--rm", IMAGE, "true")
    before = memory_kb(falco.process.pid)
    sleeping = [seconds() for _ in range(300)]
    for each in sleeping:
        engines.docker.run("--rm", IMAGE, "sleep", f"0.00{each[2:]}")
    falco.catch_up()
    time.sleep(1)
    falco.catch_up()
    wanted = {f"sleep 0.00{each[2:]} " for each in sleeping}
    known = {w for w in wanted if falco.alerts("First program", w)}
    unknown = {w for w in wanted - known if falco.alerts("Program without metadata", w)}
    assert known | unknown == wanted
    for alert in falco.alerts("Program without metadata"):
        assert alert["output_fields"]["container.missing"] and alert["output_fields"]["container.name"] is None
    assert len(known) >= 295, f"{len(unknown)} without metadata"
    assert memory_kb(falco.process.pid) - before < 8_000
    assert falco.said("were lost") is None


def memory_kb(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
